import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { choose, describeConsole, importForReal, sidewaysScroll, violations } from '../support/browser.js'
import { aProduct, file, times } from '../support/builders.js'
import { temporaryFolder } from '../support/service.js'

const withoutSpaces = (text: string): string => text.replaceAll(/\s/g, '')

describeConsole('Before and after an import', (console) => {
  test('a file that was imported before is told before anything is sent, compressed or not', async () => {
    const { api } = console.service
    const content = file(aProduct({ name: 'Sencha' }))
    const { id } = await api.import(content, { fileName: 'teas.jsonl' })
    const { page } = await console.open('/new')
    for (const [name, bytes] of [
      ['again.jsonl', content],
      ['again.jsonl.gz', gzipSync(content)],
    ] as const) {
      await choose(page, name, bytes)
      await page.getByText('This file was imported before: teas.jsonl').waitFor()
      await importForReal(page)
      const question = page.getByRole('dialog', { name: 'Import this file again?' })
      await question.getByRole('link', { name: 'teas.jsonl' }).waitFor()
      expect(await violations(page)).toEqual([])
      await question.getByRole('button', { name: 'Do not import' }).click()
      await question.waitFor({ state: 'hidden' })
    }
    expect((await api.get('/subscriptions/imports')).body.meta.results.total).toBe(1)

    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByRole('button', { name: 'Import it again' }).click()
    await page.getByText('The one record was imported.').waitFor()
    await page.getByText('The same file had been imported before:').getByRole('link').click()
    await page.waitForURL(`**/imports/${id}`)
  })

  test('the page can be used while a large file is looked up', async () => {
    const folder = await temporaryFolder()
    const large = join(folder.path, 'large.jsonl')
    await writeFile(large, '')
    await truncate(large, 80_000_000)
    const { page } = await console.open('/new')
    await page.evaluate(`
      globalThis.shares = new Set()
      new MutationObserver(() => {
        const [, share] = /imported before: (\\d+)%/.exec(document.body.textContent) ?? []
        if (share) globalThis.shares.add(share)
      }).observe(document.body, { subtree: true, childList: true, characterData: true })`)
    await page.getByLabel('File', { exact: true }).setInputFiles(large)
    // A page that is busy throughout draws at most a few of the twenty.
    await expect.poll(() => page.evaluate('globalThis.shares.size'), { timeout: 30_000 }).toBeGreaterThan(9)
    await page.getByText(/^Checking whether/).waitFor({ state: 'hidden' })
    await folder.remove()
  })

  test('rejected lines are corrected in the browser and imported; both imports show each other', async () => {
    const { api } = console.service
    const odd =
      '{"data":{"type":"subscription_product","attributes":{"name":"ab","n":1.50,"n":12345678901234567890}}}'
    const broken = '{"data":{"type":"subscription_product","attributes":{"name":"No brace"}}'
    const short = aProduct({ name: 'cd' })
    const { id } = await api.import(file(aProduct(), odd, broken, short), { fileName: 'boxes.jsonl' })
    for (const device of ['desktop', 'phone'] as const) {
      const { page } = await console.open(`/imports/${id}`, { device })
      await page.getByRole('button', { name: 'Show line 3' }).click()
      await page.getByRole('button', { name: 'Correct line 3' }).click()
      const third = page.getByLabel('Line 3, corrected')
      await page.getByText(/^This is not JSON yet: /).waitFor()
      const bar = page.getByRole('region', { name: 'Corrected lines' })
      const send = bar.getByRole('button', { name: /^Import \d corrected lines?$/ })
      expect(await send.isDisabled()).toBe(true)
      expect(await violations(page)).toEqual([])
      expect(await sidewaysScroll(page)).toBe(0)
      await third.fill(`${broken}}`)
      if (device === 'phone') {
        await bar.getByRole('button', { name: 'Discard' }).click()
        await third.waitFor({ state: 'hidden' })
        continue
      }
      await page.getByRole('button', { name: 'Show line 2' }).click()
      await page.getByRole('button', { name: 'Correct line 2' }).click()
      const second = page.getByLabel('Line 2, corrected')
      await second.fill((await second.inputValue()).replace('"ab"', '"ac"'))
      // What was corrected is still there after a look at another page.
      await page.getByRole('link', { name: 'All imports' }).click()
      await page.goBack()
      await bar.getByText('2 corrected lines', { exact: true }).waitFor()
      await send.click()
      await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click()

      await page.getByRole('heading', { name: 'boxes-corrected.jsonl' }).waitFor()
      await page.getByText('1 of 2 records was imported; 1 was rejected.').waitFor()
      const [, again] = /\/imports\/(.+)$/.exec(page.url()) ?? []
      // Still too short, and otherwise as it was written.
      const rejected = await api.get(`/subscriptions/imports/${again}/rejected`)
      expect(rejected.body).toBe(
        '{ "data": { "type": "subscription_product", "attributes": { "name": "ac", "n": 1.50, "n": 12345678901234567890 } } }\n',
      )
      await page.getByText('It has corrected lines of another import:').getByRole('link').click()
      await page.waitForURL(`**/imports/${id}`)
      expect(await bar.isVisible()).toBe(false)
      await page.getByText('Rejected lines were corrected and imported:').getByRole('link').click()
      await page.waitForURL(`**/imports/${again}`)
    }
  })

  test('an import is undone after a look at what that does, and says what stayed', async () => {
    const { api } = console.service
    const content = times(3, (index) => aProduct({ name: `Tea ${index}`, external_ref: `tea-${index}` }))
    const { id } = await api.import(content, { externalRef: 'teas' })
    const [changed] = await api.read<{ id: string }[]>(
      '/subscriptions/products?filter=eq(external_ref,tea-1)',
    )
    await api.put(`/subscriptions/products/${changed?.id}`, {
      data: { type: 'subscription_product', id: changed?.id, attributes: { name: 'Another tea' } },
    })
    const { page } = await console.open(`/imports/${id}`)
    await page.getByRole('button', { name: 'Undo import' }).click()
    const question = page.getByRole('dialog', { name: 'Undo this import?' })
    await question.getByText('2 products that this import added will be removed.').waitFor()
    await question.getByText('1 product will stay as it is').waitFor()
    expect(await violations(page)).toEqual([])
    await question.getByRole('button', { name: 'Leave it as it is' }).click()
    await page.getByRole('button', { name: 'Undo import' }).click()
    await question.getByRole('button', { name: 'Undo import' }).click()

    await page.getByText('The import was undone').waitFor()
    await page.getByText('Undone', { exact: true }).waitFor()
    await page.getByText('2 products that this import added were removed.').waitFor()
    const stayed = page.getByRole('table', { name: 'Records that stayed' })
    expect(await page.getByRole('button', { name: 'Undo import' }).count()).toBe(0)
    expect(await violations(page)).toEqual([])
    await stayed.getByRole('link', { name: 'tea-1' }).click()
    await page.getByRole('heading', { name: 'Another tea' }).waitFor()
  })

  test('a rehearsal shows what would change, attribute by attribute, and is then run', async () => {
    const { api } = console.service
    const box = { external_ref: 'box', description: 'Twelve cups', price: { EUR: { amount: 1200 } } }
    await api.import(file(aProduct({ ...box, name: 'Box' }), aProduct({ external_ref: 'same' })))
    const { page } = await console.open('/new')
    await choose(
      page,
      'prices.jsonl',
      file(
        aProduct({ external_ref: 'box', name: 'Box', price: { EUR: { amount: 1350 } } }),
        aProduct({ external_ref: 'same' }),
        aProduct({ external_ref: 'another' }),
      ),
    )
    await page.getByRole('radio', { name: 'Change only what the line gives' }).check()
    await page.getByRole('button', { name: 'Rehearse the import' }).click()
    await page.getByRole('heading', { name: '1 record would be changed' }).waitFor()
    await page.getByText('1 would be created, 1 was equal already.').waitFor()
    const changes = page.getByRole('table', { name: 'Changes' })
    const row = changes.getByRole('row').nth(1)
    await row.getByText('€13.50').waitFor()
    expect((await row.getByRole('definition').allInnerTexts()).map(withoutSpaces)).toEqual([
      'before:€12.00→after:€13.50',
    ])
    expect(await violations(page)).toEqual([])
    await row.getByRole('link', { name: 'box' }).click()
    await page.getByText('€12.00').waitFor()
    await page.goBack()
    await page.getByRole('button', { name: 'Import 3 records' }).click()
    await page.getByRole('heading', { name: '1 record changed' }).waitFor()
    await row.getByRole('link', { name: 'box' }).click()
    await page.getByText('€13.50').waitFor()
    await page.getByText('Twelve cups').waitFor()
    await page.goBack()
    await page.getByRole('button', { name: 'Undo import' }).click()
    const question = page.getByRole('dialog', { name: 'Undo this import?' })
    await question
      .getByText('1 product that it changed will get the values back that it had before.')
      .waitFor()
    await question.getByRole('button', { name: 'Undo import' }).click()
    await page.getByText('The import was undone').waitFor()
    await row.getByRole('link', { name: 'box' }).click()
    await page.getByText('€12.00').waitFor()
  })
})
