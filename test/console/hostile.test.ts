import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { describeConsole, linkOf, sidewaysScroll, violations } from '../support/browser.js'
import { aFeature, anInlineSubscription, aPlan, aProduct, file } from '../support/builders.js'

describeConsole('The console, given unexpected data', (console) => {
  test('shows a name of blanks in quotes, so that it can be read and clicked on', async () => {
    const { id } = await console.service.api.import(file(aProduct({ name: '   ' })), { externalRef: ' ' })
    const { page } = await console.open('/imports')
    await page.getByRole('link', { name: '“ ”' }).click()
    await page.waitForURL(`**/imports/${id}`)
    await page.getByRole('heading', { name: '“ ”' }).waitFor()
    await page.getByRole('link', { name: 'Products' }).click()
    await page.getByRole('link', { name: '“ ”' }).click()
    await page.getByRole('heading', { name: '“ ”' }).waitFor()
  })

  test('names invisible characters in texts, also in an error and its line', async () => {
    const { id } = await console.service.api.import(
      file(aProduct({ name: 'Tea\u202epot\ufeff', description: '\u200b' }), '\ufeff{"a":"\u0085\t\u202e"}'),
      { externalRef: 'a\u2066b' },
    )
    const { page } = await console.open(`/imports/${id}`)
    await page.getByRole('heading', { name: 'a<U+2066>b' }).waitFor()
    await page.getByText('it begins with a byte-order mark (U+FEFF)').waitFor()
    await page.getByRole('button', { name: 'Show line 2' }).click()
    await page.getByText('<U+FEFF>{"a":"<U+0085>\t<U+202E>"}').waitFor()
    await page.getByRole('link', { name: 'Records', exact: true }).click()
    await page.getByRole('link', { name: 'Tea<U+202E>pot<U+FEFF>' }).click()
    await page.getByText('<U+200B>', { exact: true }).waitFor()
  })

  test('shows amounts with the decimals of ISO 4217, whatever the locale, and percentages unrounded', async () => {
    const amounts = {
      HUF: 499000,
      RSD: 250000,
      IDR: 15000000,
      COP: 4990000,
      PKR: 150000,
      IQD: 1500000,
      JPY: 1200,
      BHD: 12345,
      CLF: 12345,
      USD: Number.MAX_SAFE_INTEGER,
      XAU: 7,
      ZZZ: 499000,
    }
    const percentages = [0.0004, 99.9996, 12.3456789012345]
    const price = Object.fromEntries(Object.entries(amounts).map(([code, amount]) => [code, { amount }]))
    await console.service.api.import(
      file(
        aProduct({ name: 'Money', price }),
        ...percentages.map((share) => aPlan({ name: `Less ${share}`, base_price_percentage: share })),
      ),
    )
    const { page } = await console.open('/records/products')
    await page.getByRole('link', { name: 'Money' }).click()
    const shown = [
      'HUF 4,990.00',
      'RSD 2,500.00',
      'IDR 150,000.00',
      'COP 49,900.00',
      'PKR 1,500.00',
      'IQD 1,500.000',
      '¥1,200',
      'BHD 12.345',
      'CLF 1.2345',
      '$90,071,992,547,409.91',
      'XAU 7',
      '499,000 smallest units of ZZZ',
    ]
    for (const amount of shown) await page.getByText(amount, { exact: true }).waitFor()
    for (const share of percentages) {
      await page.goto(`${console.service.server.url}/records/plans`)
      await page.getByRole('link', { name: `Less ${share}` }).click()
      await page.getByText(String(share), { exact: true }).waitFor()
    }
  })

  test('shows the start of a very long name in a list, and all of it on its page', async () => {
    const name = 'W'.repeat(1024)
    await console.service.api.import(file(aProduct({ name, external_ref: 'x'.repeat(2048) })))
    for (const device of ['desktop', 'phone'] as const) {
      const { page } = await console.open('/records/products', { device })
      const row = page.getByRole('row', { name })
      await row.waitFor()
      expect((await row.boundingBox())?.height).toBeLessThan(400)
      await page.getByRole('link', { name }).click()
      await page.getByText('x'.repeat(2048), { exact: true }).waitFor()
    }
  })

  test('keeps a subscription readable whose texts are as long or as blank as they may be', async () => {
    const long = 'W'.repeat(1024)
    const texts = { external_ref: 'x'.repeat(2048), description: long }
    const { id } = await console.service.api.add(
      anInlineSubscription({
        name: '   ',
        email: `${'w'.repeat(64)}@${'example.'.repeat(20)}com`,
        offering: { name: long, ...texts },
        products: [aProduct({ name: long, ...texts }).data.attributes],
        plans: [aPlan({ name: '   ', ...texts }).data.attributes],
      }),
    )
    for (const device of ['desktop', 'phone'] as const) {
      const { page } = await console.open('/records/subscriptions', { device })
      const row = page.getByRole('row', { name: long })
      await row.waitFor()
      expect((await row.boundingBox())?.height).toBeLessThan(device === 'phone' ? 600 : 200)
      expect(await sidewaysScroll(page)).toBe(0)
      await row.getByRole('link', { name: '“   ”' }).click()
      await page.waitForURL(`**/records/subscriptions/${id}`)
      await page.getByRole('heading', { name: '“   ”' }).waitFor()
      await page.getByRole('row', { name: '“   ”' }).getByText('Active plan').waitFor()
      await page.getByText(long, { exact: true }).first().waitFor()
      expect(await sidewaysScroll(page)).toBe(0)
      expect(await violations(page)).toEqual([])
    }
  })

  test('shows a feature whose name is blank and whose promotions have long names', async () => {
    const long = 'W'.repeat(1024)
    const promotions = Array.from({ length: 60 }, (_, index) => ({ name: long, tag: `tag-${index}` }))
    await console.service.api.import(
      file(aFeature({ name: '   ', configuration: { type: 'promotion', promotions } })),
    )
    for (const device of ['desktop', 'phone'] as const) {
      const { page } = await console.open('/records/features', { device })
      const row = page.getByRole('row', { name: '“   ”' })
      await row.waitFor()
      expect((await row.boundingBox())?.height).toBeLessThan(400)
      await row.getByRole('link').click()
      await page.getByText('tag tag-59').waitFor()
      expect(await sidewaysScroll(page)).toBe(0)
    }
  })

  test('reads only the start of an endless line', async () => {
    const { id } = await console.service.api.import(file(aProduct(), 'x'.repeat(5_000_000)))
    const { page } = await console.open(`/imports/${id}`)
    await page.getByRole('button', { name: 'Show line 2' }).click()
    await page.getByText(/^… and over [\d,]+ more characters\.$/).waitFor()
    expect(await page.locator('pre').textContent()).toBe('x'.repeat(4000))
  })

  test('an interrupted download is reported as such', async () => {
    const { service } = console
    const { id } = await service.api.import(file(aProduct(), 'x'.repeat(10_000)))
    const between = createServer((incoming, outgoing) => {
      const { method, url = '', headers } = incoming
      const passed = request(new URL(url, service.server.url), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        if (!url.endsWith('/rejected')) return answer.pipe(outgoing)
        outgoing.write('x')
        setTimeout(() => outgoing.destroy(), 100)
      })
      incoming.pipe(passed)
    })
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
    const { port } = between.address() as AddressInfo
    const { page } = await console.tab()
    await page.goto(linkOf(service, `/imports/${id}`).replace(/:\d+/, `:${port}`))
    await page.getByRole('button', { name: 'Download rejected lines' }).click()
    await page.getByText('The service cannot be reached').waitFor()
    between.closeAllConnections()
    between.close()
  })
})
