import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { describeConsole, violations } from '../support/browser.js'
import { aPlan, aProduct, file, times } from '../support/builders.js'

/** Chooses an option of a field. */
async function pick(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: label }).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

describeConsole('The report of an import', (console) => {
  test('is filtered by kind, type, field, code and line, and the filter is in the address', async () => {
    const { api } = console.service
    const { id } = await api.import(
      times(40, (index) => aProduct({ name: 'ab', sku: `sku-${index}` })) +
        file(aPlan({ name: 'ab' }), aPlan({ billing_frequency: 0 }), '{"data":', aProduct()),
    )
    const { page } = await console.open(`/imports/${id}?errors=kinds`)
    await page.getByRole('link', { name: '41 lines' }).click()
    const pages = page.getByRole('navigation', { name: 'Pages of errors' })
    await pages.getByText('1–25 of 41').waitFor()
    await page.getByText('Only: name must be at least 3 characters').waitFor()
    await pages.getByRole('button', { name: 'Next' }).click()
    await pages.getByText('26–41 of 41').waitFor()
    expect(await violations(page)).toEqual([])
    await pick(page, 'Type', 'Plans')
    const rows = page.getByRole('table', { name: 'Errors by line' }).getByRole('row')
    await expect.poll(() => rows.count()).toBe(2)
    await rows.getByText('It is ab').waitFor()
    await page.reload()
    await expect.poll(() => rows.count()).toBe(2)
    await page.getByRole('button', { name: 'Show errors of all kinds' }).click()
    await expect.poll(() => rows.count()).toBe(3)
    await pick(page, 'Field', 'billing_frequency')
    await expect.poll(() => rows.count()).toBe(2)
    await pick(page, 'Problem', 'Malformed')
    await page.getByText('No errors match').waitFor()
    await page.getByRole('button', { name: 'Show all errors' }).click()
    await pages.getByText('1–25 of 43').waitFor()
    await page.getByLabel('Line number').fill('43')
    await expect.poll(() => rows.count()).toBe(2)
    await rows.getByText('the whole line').waitFor()
  })

  test('leads to the record that has a reference already', async () => {
    const { api } = console.service
    await api.add(aProduct({ name: 'There before', external_ref: 'a' }))
    const { id } = await api.import(
      file(
        aProduct({ external_ref: 'a' }),
        aProduct({ name: 'Came first', external_ref: 'b' }),
        aProduct({ external_ref: 'b' }),
      ),
    )
    const { page } = await console.open(`/imports/${id}`)
    const links = page.getByRole('link', { name: 'See the record' })
    await links.first().click()
    await page.getByRole('heading', { name: 'There before' }).waitFor()
    await page.goBack()
    await links.nth(1).click()
    await page.getByRole('link', { name: 'Came first' }).waitFor()
  })

  test('is downloaded as a table', async () => {
    const { id } = await console.service.api.import(file(aProduct({ name: 'ab' }), aProduct()), {
      externalRef: 'for a sheet',
    })
    const { page } = await console.open(`/imports/${id}`)
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download errors as CSV' }).click()
    const download = await downloading
    expect(download.suggestedFilename()).toBe('for a sheet-errors.csv')
    expect(await readFile(await download.path(), 'utf8')).toContain('name must be at least 3 characters')
  })

  test('of the organization is for reading only', async () => {
    const { service, tab } = console
    const organization = await service.addOrganization()
    const { id } = await organization.api.import(file(aProduct({ name: 'ab' }), aProduct()))
    const store = await service.addStore(organization.id)
    const { page } = await tab()
    for (const [key, count] of [
      [store.key, 0],
      [organization.api.key, 1],
    ] as const) {
      await page.goto(`${service.server.url}/imports/${id}#key=${encodeURIComponent(key)}`)
      if (count === 1) await page.getByRole('button', { name: 'Use the link’s key' }).click()
      await page.getByText('name must be at least 3 characters').waitFor()
      for (const name of ['Undo import', 'Show line 1']) {
        await expect.poll(() => page.getByRole('button', { name }).count()).toBe(count)
      }
      if (count === 0) await page.goto(`${service.server.url}/imports`)
    }
  })

  test('has warnings, with the first line of each', async () => {
    const { id } = await console.service.api.import(
      file(aProduct({ external_ref: 'x' }), aProduct({ external_ref: 'y', colour: 'red' })),
    )
    const { page } = await console.open(`/imports/${id}`)
    const warnings = page.getByRole('table', { name: 'Warnings' })
    const cells = warnings.getByRole('row').nth(1).getByRole('cell')
    await warnings.getByText('colour').first().waitFor()
    expect((await cells.allTextContents()).slice(0, 3)).toEqual(['1', 'product', 'colour'])
    expect(await cells.nth(4).textContent()).toBe('2')
    expect(await violations(page)).toEqual([])
  })
})
