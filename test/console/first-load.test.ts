import { expect, test } from 'vitest'
import { describeConsole, linkOf } from '../support/browser.js'

/** A slow line: 400 kbit/s, and a tenth of a second to the service and back. */
const SLOW = { offline: false, downloadThroughput: 50_000, uploadThroughput: 50_000, latency: 100 }
const MOST_MS = 6000
/** What this line carries in that time, less the round trips. */
const MOST_BYTES = 250_000

describeConsole("The console's files", (console) => {
  const get = (path: string, encoding: string) =>
    fetch(new URL(path, console.service.server.url), { headers: { 'accept-encoding': encoding } })

  const assets = async () => {
    const html = await (await get('/', 'identity')).text()
    return [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
  }

  test('are kept for ever by browsers, and the document that names them is asked for each time', async () => {
    const [document, ...files] = await Promise.all(['/', ...(await assets())].map((path) => get(path, 'br')))
    expect(document?.headers.get('cache-control')).toBe('no-cache')
    expect(files).not.toHaveLength(0)
    for (const { headers } of files) {
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    }
  })

  test.each(['br', 'gzip', 'identity'])(
    'come as %s to browsers that take it, the same bytes',
    async (encoding) => {
      for (const path of [...(await assets()), '/openapi.json']) {
        const answer = await get(path, encoding)
        const expected = path === '/openapi.json' && encoding === 'br' ? null : encoding
        expect(answer.headers.get('content-encoding'), path).toBe(expected === 'identity' ? null : expected)
        expect(answer.headers.get('vary'), path).toMatch(/accept-encoding/i)
        expect(await answer.text(), path).toBe(await (await get(path, 'identity')).text())
      }
    },
  )

  // A machine that is busy with something else may take longer once.
  test('show the imports within six seconds on a slow line', { retry: 2 }, async () => {
    const { page } = await console.tab()
    const line = await page.context().newCDPSession(page)
    let bytes = 0
    line.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength
    })
    await line.send('Network.enable')
    await line.send('Network.emulateNetworkConditions', SLOW)
    const started = performance.now()
    await page.goto(linkOf(console.service))
    await page.getByText('Nothing imported yet').waitFor()
    const ms = performance.now() - started
    expect(bytes).toBeLessThan(MOST_BYTES)
    expect(ms).toBeLessThan(MOST_MS)
  })
})
