import { expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { describeConsole } from '../support/browser.js'

describeConsole('Keys in the console', (console) => {
  test('are created, shown once, and revoked', async () => {
    const { page } = await console.open('/keys')
    await page.getByText('You are signed in with it').waitFor()
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByLabel('Name').fill('warehouse')
    await page.getByRole('button', { name: 'Create key' }).click()
    const secret = page.getByRole('status').filter({ hasText: 'The API key “warehouse” was created' })
    const key = await secret.locator('code').innerText()
    const api = new Api(console.service.server.url, key)
    expect((await api.get('/v2/me')).body.data.attributes.name).toBe('warehouse')
    await page.getByRole('button', { name: 'I have kept it' }).click()
    expect(await page.getByText(key).count()).toBe(0)
    await page.getByRole('button', { name: 'Revoke warehouse' }).click()
    const dialog = page.getByRole('dialog', { name: 'Revoke this key?' })
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Revoke warehouse' }).waitFor({ state: 'hidden' })
    expect((await api.get('/v2/me')).status).toBe(401)
  })

  test('can be clients, and a name that is taken is refused', async () => {
    const { page } = await console.open('/keys')
    for (const outcome of ['client_secret', 'The name is that of another key.']) {
      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByLabel('Name').fill('shop')
      await page.getByRole('radio', { name: 'OAuth client' }).check()
      await page.getByRole('button', { name: 'Create key' }).click()
      await page.getByText(outcome, { exact: true }).waitFor()
    }
  })
})

describeConsole('Webhooks in the console', (console) => {
  test('are added, tested, and removed', async () => {
    const { page } = await console.open('/webhooks')
    await page.getByText('There are no webhooks').waitFor()
    await page.getByRole('button', { name: 'Add webhook' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a webhook' })
    await dialog.getByLabel('URL').fill('shop.example')
    await dialog.getByRole('button', { name: 'Add webhook' }).click()
    await dialog.getByText('url must be whole').waitFor()
    await dialog.getByLabel('URL').fill('http://127.0.0.1:9/hook')
    await dialog.getByRole('button', { name: 'Add webhook' }).click()
    await dialog.getByText('url must not be a private address').waitFor()
    await dialog.getByLabel('URL').fill('http://nobody.invalid/hook')
    await dialog.getByRole('button', { name: 'Add webhook' }).click()
    await page.getByText(/^whsec_/).waitFor()
    await page.getByText('Over http, everybody on the way').waitFor()
    await page.getByRole('button', { name: 'Send a test' }).click()
    const messages = page.getByRole('table', { name: 'Messages, newest first' })
    await messages.getByText('Waiting').waitFor()
    await page.getByRole('button', { name: 'Remove http://nobody.invalid/hook' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('There are no webhooks').waitFor()
  })
})
