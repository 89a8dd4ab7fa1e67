import { readFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import type { Api } from '../support/api.js'
import {
  type Device,
  describeConsole,
  shifts,
  sidewaysScroll,
  switchTo,
  violations,
  WIDTHS,
  watchShifts,
} from '../support/browser.js'
import { aProduct, aState, file } from '../support/builders.js'

const example = (name: string) => readFile(new URL(`../../examples/${name}`, import.meta.url))

/** An import that is undone before the next one runs, but for a record that was changed since. */
async function anUndoneImport(api: Api): Promise<string> {
  const { id } = await api.import(file(aProduct({ external_ref: 'kept' }), aProduct()))
  const [kept] = await api.read<{ id: string }[]>('/subscriptions/products?filter=eq(external_ref,kept)')
  const attributes = { name: 'Changed since' }
  await api.put(`/subscriptions/products/${kept?.id}`, {
    data: { type: 'subscription_product', id: kept?.id, attributes },
  })
  await api.request(`/subscriptions/imports/${id}/undo`, { method: 'POST' })
  return id
}

describeConsole('Every page', (console) => {
  const ids: Record<string, string> = {}
  beforeAll(async () => {
    const { api } = console.service
    await api.import(await example('catalogue.jsonl'), { externalRef: 'catalogue' })
    ids.import = (await api.import(await example('mistakes.jsonl'), { externalRef: 'mistakes' })).id
    ids.undone = await anUndoneImport(api)
    const changed = file(aProduct({ external_ref: 'kept', name: 'Changed by a file', unknown: 1 }))
    ids.rehearsal = (await api.import(changed, { dryRun: true, onConflict: 'update' })).id
    for (const list of ['products', 'offerings', 'features']) {
      ids[list] = (await api.read<{ id: string }[]>(`/subscriptions/${list}`))[0]?.id ?? ''
    }
    await api.post('/v2/webhooks', {
      data: { type: 'webhook', attributes: { url: 'http://shop.example/hooks/imports' } },
    })
    const chosen = '/subscriptions/subscriptions?filter=eq(external_ref,sub-7001)'
    ids.subscriptions = (await api.read<{ id: string }[]>(chosen))[0]?.id ?? ''
    await api.post(`/subscriptions/subscriptions/${ids.subscriptions}/states`, aState('cancel'))
  })

  /** Each page, and a text that is shown once it is loaded. */
  const pages: readonly (readonly [path: () => string, ready: string])[] = [
    [() => '/', 'mistakes'],
    [() => '/imports?reference=nothing', 'No imports match'],
    [() => '/new', 'Drop a file here'],
    [() => `/imports/${ids.import}`, 'the line is not valid JSON'],
    [() => `/imports/${ids.import}?errors=kinds`, 'plan "…" was not found'],
    [() => `/imports/${ids.undone}`, 'was changed after this import'],
    [() => `/imports/${ids.rehearsal}`, 'would be imported'],
    [() => '/records/products', 'Created at'],
    [() => '/records/plans', 'Billing frequency'],
    [() => '/records/subscribers', 'Account ID'],
    [() => '/records/offerings', 'Created at'],
    [() => '/records/features', 'tasting-evening'],
    [() => '/records/subscriptions', 'Next invoice'],
    [() => '/records/subscriptions?status=inactive&text=nobody', 'No subscriptions match'],
    [() => `/records/products/${ids.products}`, 'Belongs to'],
    [() => `/records/offerings/${ids.offerings}`, 'Price in this offering'],
    [() => `/records/features/${ids.features}`, 'Belongs to'],
    [() => `/records/subscriptions/${ids.subscriptions}`, '1 action'],
    [() => '/records/products/new', 'Create product'],
    [() => '/records/subscriptions/new', 'Create subscription'],
    [() => `/records/products/${ids.products}/change`, 'Save changes'],
    [() => `/records/features/${ids.features}/change`, 'Save changes'],
    [() => '/keys', 'You are signed in with it'],
    [() => '/webhooks', 'shop.example'],
    [() => '/records/nothing', 'The address may have been cut short'],
  ]

  test.each(Object.keys(WIDTHS) as Device[])(
    'passes axe, does not jump while it loads, and needs no sideways scrolling: %s',
    async (device) => {
      const { page } = await console.open('/', { device })
      await watchShifts(page)
      const found: Record<string, unknown> = {}
      const examine = async (path: string) => {
        const light = await violations(page)
        // The dark scheme has the same elements in other colours.
        await switchTo(page, 'dark')
        const dark = await violations(page, ['color-contrast'])
        await switchTo(page, 'light')
        if (light.length + dark.length > 0) found[path] = { light, dark }
      }
      for (const [path, ready] of pages) {
        await page.goto(`${console.service.server.url}${path()}`)
        await page.getByRole('main').getByText(ready).first().waitFor({ state: 'attached' })
        await examine(path())
        expect(await sidewaysScroll(page), path()).toBe(0)
        expect(await shifts(page), path()).toBeLessThan(0.02)
      }
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByLabel('API key').waitFor()
      await page.getByRole('button', { name: 'Sign in' }).waitFor()
      await examine('sign-in')
      expect(found).toEqual({})
    },
  )

  test('can be reached and used with only the keyboard', async () => {
    const { page } = await console.tab()
    // From the start: a chooser that opens before the browser was told to hand it over would be missed.
    const chooser = page.waitForEvent('filechooser')
    await page.goto(console.service.server.url)
    const { keyboard } = page
    /** The name of the focused element; empty: none. */
    const focused = () =>
      page.evaluate<string>(`(() => {
        const { activeElement } = document
        if (activeElement === document.body) return ''
        return activeElement.ariaLabel ?? (activeElement.labels?.[0] ?? activeElement).textContent.trim()
      })()`)
    const tabTo = async (name: string | RegExp) => {
      for (let steps = 0; !(await focused()).match(name); steps += 1) {
        if (steps > 60) throw new Error(`the keyboard does not reach ${name}; it is at ${await focused()}`)
        await keyboard.press('Tab')
      }
    }
    await page.getByLabel('API key').waitFor()
    await tabTo('API key')
    await keyboard.type(console.service.server.apiKey)
    await keyboard.press('Enter')
    await page.getByRole('link', { name: 'mistakes' }).waitFor()

    await tabTo('Skip to the content')
    await keyboard.press('Enter')
    await tabTo(/^mistakes$/)
    await keyboard.press('Enter')
    // The heading has the focus, so that the new page is announced.
    await page.getByRole('heading', { name: 'mistakes' }).waitFor()
    await expect.poll(focused).toBe('mistakes')
    await tabTo(/^Next$/)
    await keyboard.press('Enter')
    await page.getByText('26–50 of 152').waitFor()

    await page.getByRole('link', { name: 'New import' }).focus()
    await keyboard.press('Enter')
    await page.getByText('Drop a file here').waitFor()
    await tabTo(/^File$/)
    await keyboard.press('Enter')
    await (await chooser).setFiles({ name: 'a.jsonl', mimeType: '', buffer: Buffer.from('{}') })
    await page.getByText('a.jsonl').waitFor()
  })
})
