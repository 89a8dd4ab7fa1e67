import { expect, test } from 'vitest'
import { choose, describeConsole } from '../support/browser.js'
import { aProduct, file } from '../support/builders.js'

describeConsole('A button that is pressed twice', (console) => {
  const total = async (path: string) => (await console.service.api.get(path)).body.meta.results.total

  test('creates one key', async () => {
    const { page } = await console.open('/keys')
    const before = await total('/v2/keys')
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByRole('button', { name: 'Create key' }).dblclick()
    await page.getByText('Copy it now').waitFor()
    expect(await total('/v2/keys')).toBe(before + 1)
  })

  test('creates one record, and "Back" leads to where one was before', async () => {
    const { page } = await console.open('/records/products')
    await page.getByRole('link', { name: 'New product' }).click()
    await page.getByLabel('Name').fill('Teapot')
    await page.getByRole('button', { name: 'Create product' }).dblclick()
    await page.getByRole('heading', { name: 'Teapot' }).waitFor()
    expect(await total('/v2/subscriptions/products')).toBe(1)
    await page.goBack()
    await page.waitForURL('**/records/products')
  })

  test('runs a rehearsal once', async () => {
    const { id } = await console.service.api.import(file(aProduct()), { dryRun: true })
    const { page } = await console.open(`/imports/${id}`)
    await page.getByRole('button', { name: 'Import 1 record', exact: true }).dblclick()
    await page.getByText('The one record was imported.').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })
})

describeConsole('A file that is sent when the session has ended', (console) => {
  test('is still chosen when the same key signs in again, and not for another', async () => {
    const { service } = console
    const other = await service.addStore()
    const { page } = await console.open('/new')
    for (const key of [service.api.key, other.key]) {
      await choose(page, 'tea.jsonl', file(aProduct()))
      await page.context().clearCookies()
      await page.getByRole('button', { name: 'Rehearse the import' }).click()
      await page.getByText('Your session has ended').waitFor()
      await page.getByLabel('API key').fill(key)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('heading', { name: 'New import' }).waitFor()
      await page
        .getByText(key === other.key ? 'Drop a file here' : 'tea.jsonl')
        .first()
        .waitFor()
    }
  })
})
