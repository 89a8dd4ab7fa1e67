import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { choose, describeConsole, importForReal, linkOf } from '../support/browser.js'
import { aProduct, file } from '../support/builders.js'

describeConsole('The console, given what nobody expects', (console) => {
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

  test('shows of a very long name the beginning in a list, and all of it on its page', async () => {
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

  test('reads of a line without end only the beginning', async () => {
    const { id } = await console.service.api.import(file(aProduct(), 'x'.repeat(5_000_000)))
    const { page } = await console.open(`/imports/${id}`)
    await page.getByRole('button', { name: 'Show line 2' }).click()
    await page.getByText(/^… and over [\d,]+ more characters\.$/).waitFor()
    expect(await page.locator('pre').textContent()).toBe('x'.repeat(4000))
  })

  test('runs nothing for real while another file is being sent', async () => {
    const { page } = await console.open('/new')
    await choose(page, 'rehearsed.jsonl', file(aProduct()))
    await page.getByRole('button', { name: 'Rehearse the import' }).click()
    await page.getByText('The one record would be imported.').waitFor()
    const address = new URL(page.url()).pathname
    await page.route('**/subscriptions/imports', (route) =>
      route.request().method() === 'POST' ? undefined : route.fallback(),
    )
    await page.getByRole('link', { name: 'New import' }).click()
    await choose(page, 'other.jsonl', file(aProduct()))
    await importForReal(page)
    await page.getByText('other.jsonl').waitFor()
    await page.getByRole('link', { name: 'Imports', exact: true }).click()
    await page.locator(`a[href="${address}"]`).click()
    const run = page.getByRole('button', { name: 'Run it for real' })
    await run.waitFor()
    expect(await run.isDisabled()).toBe(true)
    await page.getByRole('link', { name: /^New import/ }).click()
    await page.getByRole('button', { name: 'Stop sending' }).click()
    await page.unrouteAll()
    await page.getByRole('link', { name: 'Imports', exact: true }).click()
    await page.locator(`a[href="${address}"]`).click()
    await page.getByRole('button', { name: 'Run it for real' }).click()
    await page.getByText('The one record was imported.').waitFor()
  })

  test('a download that breaks off is told of as what it is', async () => {
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
