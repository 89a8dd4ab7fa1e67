import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { choose, describeConsole, importForReal } from '../support/browser.js'
import { aProduct, file, times } from '../support/builders.js'

const example = (name: string) => new URL(`../../examples/${name}`, import.meta.url)

describeConsole('The console', (console) => {
  test('leads from the printed link over a file with mistakes to its errors and records', async () => {
    const { page } = await console.tab()
    await page.goto(console.service.server.consoleUrl)
    await page.getByText('Nothing imported yet').waitFor()
    await page.getByRole('link', { name: 'New import' }).first().click()

    await choose(page, 'empty.jsonl', '')
    await page.getByText('empty.jsonl is empty: there is nothing to import.').waitFor()
    await choose(page, 'mistakes.jsonl', await readFile(example('mistakes.jsonl')))
    await page.getByText('30.5 kB').waitFor()
    await page.getByLabel('Reference (optional)').fill('first try')
    await importForReal(page)

    await page.getByText('24 of 132 records were imported; 108 were rejected.').waitFor()
    await page.getByText('37 lines were blank or could not be read as records.').waitFor()
    const byType = page.getByRole('table', { name: 'Records by type' })
    const product = byType.getByRole('row', { name: /^Products/ })
    expect(await product.getByRole('cell').allTextContents()).toEqual(['Products', '', '51', '12', '39'])

    await page.getByRole('heading', { name: '152 errors' }).waitFor()
    const errors = page.getByRole('table', { name: 'Errors by line' })
    await errors.getByText('the line is not valid JSON: Unterminated string at character 75').waitFor()
    const pages = page.getByRole('navigation', { name: 'Pages of errors' })
    await pages.getByText('1–25 of 152').waitFor()
    await pages.getByRole('button', { name: 'Next' }).click()
    await pages.getByText('26–50 of 152').waitFor()
    await page.goBack()
    await pages.getByText('1–25 of 152').waitFor()

    await page.getByRole('link', { name: 'Offerings' }).click()
    await page.getByRole('table', { name: 'Offerings, newest first' }).getByRole('link').first().click()
    await page.getByRole('heading', { name: /^\d+ products?$/ }).waitFor()
    await page.getByRole('heading', { name: /^\d+ plans?$/ }).waitFor()

    await page.getByRole('link', { name: 'Imports', exact: true }).click()
    await page.getByRole('row', { name: 'first try' }).getByText('Finished, with errors').waitFor()
  })

  test('a file can be dropped', async () => {
    const { page } = await console.open('/new')
    await page.getByLabel('File', { exact: true }).waitFor()
    const transfer = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([${JSON.stringify(file(aProduct()))}], 'dropped.jsonl'))
      return transfer
    })()`)
    await page.locator('.drop').dispatchEvent('drop', { dataTransfer: transfer })
    await page.getByText('dropped.jsonl').waitFor()
  })

  test('the samples are those of the examples', async () => {
    const { page } = await console.open('/new')
    for (const name of ['catalogue.jsonl', 'mistakes.jsonl']) {
      const downloading = page.waitForEvent('download')
      await page.getByRole('link', { name }).click()
      const download = await downloading
      expect(download.suggestedFilename()).toBe(name)
      expect(await readFile(await download.path())).toEqual(await readFile(example(name)))
    }
  })

  test('an upload shows its progress, continues while a person looks elsewhere, and can be stopped', async () => {
    const { page } = await console.open('/new')
    const connection = await page.context().newCDPSession(page)
    await connection.send('Network.enable')
    await connection.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: 500_000,
    })
    await choose(
      page,
      'large.jsonl',
      times(100_000, (index) => aProduct({ name: `Product ${index}` })),
    )
    await page.getByRole('button', { name: /^(Import|Rehearse the import)$/ }).click()
    await page.getByRole('progressbar', { name: 'Sending large.jsonl' }).waitFor()
    await page.getByText(/% · .* MB of .* MB · .* a second · about .* left/).waitFor()
    await page.getByRole('link', { name: 'Records' }).click()
    await page.getByRole('link', { name: /^New import\s*\d+%$/ }).click()
    await page.getByRole('button', { name: 'Stop sending' }).click()
    await page.getByText('Drop a file here').waitFor()
    expect(
      (await console.service.api.get('/subscriptions/imports?page[limit]=1')).body.meta.results.total,
    ).toBe(1)
  })

  test('records are searched by name or reference, and paged', async () => {
    await console.service.api.import(
      times(60, (index) => aProduct({ name: `Tea ${index}`, external_ref: `tea-${index}` })),
    )
    const { page } = await console.open('/records/products')
    await page.getByLabel('Search for').fill('TEA 1')
    const shown = page.getByRole('table').getByRole('row').getByRole('link')
    await expect.poll(() => shown.allTextContents()).toHaveLength(11)
    await page.getByRole('combobox', { name: 'Search by' }).click()
    await page.getByRole('option', { name: 'External reference' }).click()
    await page.getByLabel('Search for').fill('TEA-')
    const pages = page.getByRole('navigation', { name: 'Pages of products' })
    await pages.getByText('1–25 of 60').waitFor()
    await pages.getByRole('button', { name: 'Next' }).click()
    await pages.getByText('26–50 of 60').waitFor()
    await page.reload()
    await pages.getByText('26–50 of 60').waitFor()
    await page.getByLabel('Search for').fill('"nobody\\')
    await page.getByText('No products match').waitFor()
  })
})
