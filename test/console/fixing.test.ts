import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { choose, describeConsole, importForReal, violations } from '../support/browser.js'
import { aProduct, file, times } from '../support/builders.js'

const MALFORMED = '{"data":{"type":"subscription_product","attributes":{"name":"No brace'
const SHORT = JSON.stringify(aProduct({ name: 'ab', external_ref: 'mug' }))
const MISTAKES = file(aProduct({ name: 'Tea', external_ref: 'tea' }), SHORT, MALFORMED)

describeConsole('Rehearsing, fixing and canceling', (console) => {
  test('leads from a rehearsal over its errors to the fixed import', async () => {
    const { page } = await console.tab()
    await page.goto(console.service.server.consoleUrl)
    await page.getByRole('link', { name: 'New import' }).first().click()
    await choose(page, 'file.jsonl', MISTAKES)
    await page.getByRole('button', { name: 'Rehearse the import' }).click()
    await page.getByText('1 of 2 records would be imported; 1 would be rejected.').waitFor()
    await page.getByText('Rehearsal', { exact: true }).waitFor()
    expect((await console.service.api.get('/subscriptions/products')).body.data).toEqual([])

    await page.getByRole('button', { name: 'Show line 2' }).click()
    await page.getByText('Line 2 as it is in the file').waitFor()
    await expect.poll(() => page.locator('pre').textContent()).toBe(SHORT)
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Hide line 2' }).click()
    await page.getByText('By kind').click()
    const kinds = page.getByRole('table', { name: 'Errors by kind' })
    await kinds.getByRole('row', { name: 'name must be at least 3 characters' }).waitFor()
    expect(await violations(page)).toEqual([])

    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download rejected lines' }).click()
    const rejected = await readFile(await (await downloading).path(), 'utf8')
    expect(rejected).toBe(file(SHORT, MALFORMED))

    await page.getByRole('button', { name: 'Import 1 record, reject 1' }).click()
    const question = page.getByRole('dialog', { name: 'Import without 1 record?' })
    await question.waitFor()
    expect(await violations(page)).toEqual([])
    await question.getByRole('button', { name: 'Import 1 record, reject 1' }).click()
    await page.getByText('1 of 2 records was imported; 1 was rejected.').waitFor()

    await page.getByRole('link', { name: 'New import' }).click()
    await choose(page, 'file.jsonl', rejected.replace('"ab"', '"Mug"').replace('No brace', 'Teapot"}}}'))
    await importForReal(page)
    await page.getByText('All 2 records were imported.').waitFor()
    await page.getByRole('link', { name: 'Products' }).click()
    for (const name of ['Tea', 'Mug', 'Teapot']) await page.getByRole('link', { name, exact: true }).waitFor()
  })

  test('a rehearsal is run once, without its file, and then leads to the import', async () => {
    const { page } = await console.open('/new')
    await choose(page, 'pots.jsonl', file(aProduct({ external_ref: 'pot' })))
    await page.getByLabel('Reference (optional)').fill('pots')
    await page.getByRole('radio', { name: 'Skip it' }).check()
    await page.getByRole('button', { name: 'Rehearse the import' }).click()
    await page.getByText('The one record would be imported.').waitFor()
    await page.reload()
    const rehearsal = page.url()
    await page.getByRole('button', { name: 'Import 1 record', exact: true }).click()
    await page.getByText('The one record was imported.').waitFor()
    await page.getByText('are skipped').waitFor()
    const link = page.getByText('It was rehearsed before').getByRole('link', { name: 'pots' })
    await link.click()
    await page.waitForURL(rehearsal)
    await page.getByRole('link', { name: 'See the import' }).click()
    await page.getByText('The one record was imported.').waitFor()
  })

  test('reports skipped records', async () => {
    await console.service.api.import(file(aProduct({ external_ref: 'there' })))
    const { page } = await console.open('/new')
    await choose(page, 'file.jsonl', file(aProduct({ external_ref: 'there' }), aProduct()))
    await page.getByRole('radio', { name: 'Skip it' }).check()
    await importForReal(page)
    await page.getByText('1 of 2 records was imported; 1 was skipped because it already exists.').waitFor()
  })

  test('cancels a running import after asking, and resumes it', async () => {
    const { service } = console
    const blocker = await service.pool.connect()
    await blocker.query('begin')
    await blocker.query('lock table products in exclusive mode')
    const { id } = await service.api.create(times(100, () => aProduct()))
    const { page } = await console.open(`/imports/${id}`)
    await page.getByText('Running').waitFor()
    await page.getByRole('button', { name: 'Cancel import' }).click()
    await page.getByRole('button', { name: 'Keep it running' }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Cancel import' }).click()
    // Else the import may end before the request arrives.
    const answered = page.waitForResponse((answer) => answer.url().endsWith('/cancel'))
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel import' }).click()
    await answered
    await blocker.query('rollback')
    blocker.release()
    await page.getByText('Canceled', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('All 100 records were imported.').waitFor()
  })

  test('shows how far a canceled rehearsal got, and does not offer to resume it', async () => {
    const { service } = console
    const blocker = await service.pool.connect()
    await blocker.query('begin')
    await blocker.query('lock table products in exclusive mode')
    await service.api.create(times(100, () => aProduct()))
    const { id } = await service.api.create(
      times(100, () => aProduct()),
      { dryRun: true },
    )
    await service.api.request(`/subscriptions/imports/${id}/cancel`, { method: 'POST' })
    await blocker.query('rollback')
    blocker.release()
    const { page } = await console.open(`/imports/${id}`)
    await page.getByText('0 of 100 records were checked and valid before it ended.').waitFor()
    await page.getByText('The rehearsal was canceled.').waitFor()
    expect(await page.getByRole('button', { name: 'Resume' }).count()).toBe(0)
  })
})
