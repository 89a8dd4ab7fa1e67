import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { choose, describeConsole, importForReal, linkOf } from '../support/browser.js'
import { aProduct, file } from '../support/builders.js'

describeConsole('The console', (console) => {
  test('takes the key out of the address, and keeps it through a reload', async () => {
    const { page } = await console.open('/records')
    await page.getByRole('heading', { name: 'Products' }).waitFor()
    expect(page.url()).toBe(`${console.service.server.url}/records`)
    await page.reload()
    await page.getByText('There are no products yet').waitFor()
    expect(await page.evaluate('history.length')).toBeLessThanOrEqual(2)
  })

  test('without a key asks for one, and says so if it is unknown', async () => {
    const { page } = await console.tab()
    await page.goto(`${console.service.server.url}/imports?status=failed`)
    await page.getByLabel('API key').fill('not a key')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('The service does not know this key.').waitFor()
    await page.getByLabel('API key').fill(` ${console.service.server.apiKey} `)
    await page.keyboard.press('Enter')
    // After that, the requested page is shown.
    await page.getByText('No imports match').waitFor()
    expect(page.url()).toContain('status=failed')
  })

  test('a link with a wrong key leads to the sign-in, which says why', async () => {
    const { page } = await console.tab()
    await page.goto(`${console.service.server.url}/#key=wrong`)
    await page.getByText('The service does not accept this key').waitFor()
    // A key that cannot even be sent in a header is not a key either.
    await page.getByLabel('API key').fill('ключ')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('The service does not know this key.').waitFor()
  })

  test('a link with another key asks before it replaces a running session; signing out forgets it', async () => {
    const other = await console.service.addStore()
    await other.import(file(aProduct({ name: 'Of another store' })))
    const { page } = await console.open('/records/products')
    await page.getByText('There are no products yet').waitFor()
    const dialog = page.getByRole('dialog', { name: 'Sign in with the key of this link?' })
    const link = `${console.service.server.url}/records/products#key=${other.key}`
    // Pasted over the open page, and opened again in its tab.
    for (const open of [
      () => page.evaluate(`location.hash = 'key=${other.key}'`),
      () => page.goto('about:blank').then(() => page.goto(link)),
    ]) {
      await open()
      await dialog.waitFor()
      expect(page.url()).not.toContain('key=')
      await page.getByText('There are no products yet').waitFor()
      await page.getByRole('button', { name: 'Stay signed in' }).click()
      await dialog.waitFor({ state: 'hidden' })
    }
    await page.reload()
    await page.getByText('There are no products yet').waitFor()
    await page.evaluate(`location.hash = 'key=${other.key}'`)
    await page.getByRole('button', { name: 'Use the link’s key' }).click()
    await page.getByRole('link', { name: 'Of another store' }).waitFor()
    // There is no need to ask about the key that is already in use.
    await page.evaluate(`location.hash = 'key=${other.key}'`)
    await expect.poll(() => new URL(page.url()).hash).toBe('')
    expect(await dialog.count()).toBe(0)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API key').waitFor()
    await page.reload()
    await page.getByLabel('API key').waitFor()
  })

  test('tabs of one browser share the session, and no key is stored', async () => {
    const { page } = await console.open('/records/products')
    await page.getByText('There are no products yet').waitFor()
    const other = await page.context().newPage()
    await other.goto(`${console.service.server.url}/keys`)
    await other.getByRole('heading', { name: 'Keys' }).waitFor()
    const stored = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'
    for (const tab of [page, other]) {
      expect(await tab.evaluate(stored)).not.toMatch(/intake_/)
    }
    // Who signs out in one tab is signed out in all of them.
    await other.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API key').waitFor()
    await page.getByLabel('API key').fill(console.service.server.apiKey)
    await page.keyboard.press('Enter')
    await page.getByText('There are no products yet').waitFor()
    await other.getByRole('heading', { name: 'Keys' }).waitFor()
  })

  test('names the store and the organization that are signed in', async () => {
    const { id } = await console.service.addOrganization()
    const store = await console.service.addStore(id)
    await console.service.pool.query("update owners set name = 'Tea of Acme' where id = $1", [id])
    const { body } = await store.get('/v2/me')
    const { page } = await console.tab()
    await page.goto(`${console.service.server.url}/#key=${store.key}`)
    const banner = page.getByRole('banner')
    await banner.getByText(body.data.meta.store.name).waitFor()
    await banner.getByText('of Tea of Acme').waitFor()
  })

  test('a tab whose browser has signed in with another key meanwhile shows what that one sees', async () => {
    const other = await console.service.addStore()
    await other.import(file(aProduct({ name: 'Of the new store' })))
    const { page } = await console.open('/records/products')
    await page.getByText('There are no products yet').waitFor()
    // As another tab does, but this one is not told.
    await page.evaluate(`fetch('/v2/session', {
      method: 'POST', headers: { authorization: 'Bearer ${other.key}' },
    })`)
    await page.getByRole('link', { name: 'Plans' }).click()
    await page.getByRole('link', { name: 'Products' }).click()
    await page.getByRole('link', { name: 'Of the new store' }).waitFor()
  })

  test('a session that has ended leads to the sign-in, which says why, and then back', async () => {
    const { page } = await console.open('/records/products')
    await page.getByText('There are no products yet').waitFor()
    await console.service.pool.query("update sessions set expires_at = now() - interval '1 s'")
    // The service remembers whose it is for two seconds.
    const ended = page.getByText('Your session has ended')
    for (let list = 'Products'; (await ended.count()) === 0; list = list === 'Plans' ? 'Products' : 'Plans') {
      await page.evaluate(`document.querySelector('a[href="/records/${list.toLowerCase()}"]')?.click()`)
      await page.waitForTimeout(200)
    }
    await page.getByLabel('API key').fill(console.service.server.apiKey)
    await page.keyboard.press('Enter')
    await page.getByText(/There are no (products|plans) yet/).waitFor()
  })

  test('a key typed at /docs is not stored in the browser', async () => {
    const { page } = await console.tab()
    await page.goto(`${console.service.server.url}/docs`)
    await page.getByRole('button', { name: 'Authorize' }).click()
    const bearer = page.locator('.auth-container', { has: page.locator('#auth-bearer-value') })
    await bearer.locator('input').fill('typed-by-a-person')
    await bearer.locator('.authorize').click()
    await page.locator('.auth-container').getByText('Logout').waitFor()
    expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')).not.toContain(
      'typed',
    )
  })

  test('an empty store shows how to start', async () => {
    const { page } = await console.open('/')
    await page.getByText('Nothing imported yet').waitFor()
    await page.getByRole('main').getByRole('link', { name: 'New import' }).last().click()
    await page.getByRole('heading', { name: 'New import' }).waitFor()
  })

  test('what does not exist says so, in the words of the service', async () => {
    const { page } = await console.open(`/imports/${randomUUID()}`)
    await page.getByText('No import found').waitFor()
    await page.goto(`${console.service.server.url}/imports/not-an-id`)
    await page.getByText('id must be a UUID').waitFor()
    await page.goto(`${console.service.server.url}/records/plans/${randomUUID()}`)
    await page.getByText('No plan found').waitFor()
    await page.goto(`${console.service.server.url}/records/pears`)
    await page.getByRole('heading', { name: 'Page not found' }).waitFor()
    await page.goto(`${console.service.server.url}/imports?offset=10000000`)
    await page.getByText('page[offset] must be a whole number from 0 to 10000').waitFor()
  })

  test('a stopped service is reported, and what was shown stays until it is back', async () => {
    const { service } = console
    await service.api.import(file(aProduct()), { externalRef: 'spring' })
    const { page } = await console.open('/imports')
    await page.getByRole('link', { name: 'spring' }).waitFor()
    const { port } = new URL(service.server.url)
    await service.server.stop()
    await page.getByText('The service cannot be reached').waitFor()
    expect(await page.getByRole('link', { name: 'spring' }).isVisible()).toBe(true)
    await service.restart({ PORT: port })
    await page.getByText('The service cannot be reached').waitFor({ state: 'hidden' })
  })

  test('a file that cannot be sent stays chosen, with the reason', async () => {
    const { service } = console
    const { page } = await console.open('/new')
    await choose(page, 'list.csv', 'a;b\n1;2\n')
    await page.getByLabel('Reference (optional)').fill('from a sheet')
    await importForReal(page)
    await page.getByRole('alert').getByText('Nothing was imported.').waitFor()
    expect(await page.getByLabel('Reference (optional)').inputValue()).toBe('from a sheet')
    await page.getByText('list.csv').waitFor()
    expect(
      (await service.api.get('/subscriptions/imports?filter=eq(external_ref,from a sheet)')).body.data,
    ).toEqual([])
  })

  test('a reference that is taken leads to the import that has it', async () => {
    const { service } = console
    const { id } = await service.api.import(file(aProduct()), { externalRef: 'taken' })
    const { page } = await console.tab()
    await page.goto(linkOf(service, '/new'))
    await choose(page, 'a.jsonl', file(aProduct({ name: 'Another' })))
    await page.getByLabel('Reference (optional)').fill('taken')
    await importForReal(page)
    await page.getByRole('link', { name: 'See the other import' }).click()
    await page.waitForURL(`**/imports/${id}`)
    await page.getByRole('heading', { name: 'taken' }).waitFor()
  })
})
