import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { describeConsole } from '../support/browser.js'
import { aFeature, aPlan, aProduct, file } from '../support/builders.js'

/** The console's own modules are compiled by its own rules. */
const { smallestUnits, inWholeUnits, typedValue } = (await import(
  new URL('../../console/src/form/draft.ts', import.meta.url).pathname
)) as {
  smallestUnits(amount: string, currency: string): number | string
  inWholeUnits(amount: number, currency: string): string
  typedValue(schema: { readonly 'x-kind': string }, draft: string): unknown
}

describeConsole('Records in the console', (console) => {
  const attributesOf = async (page: Page) => {
    const path = new URL(page.url()).pathname.replace('/records/', '/subscriptions/')
    return (await console.service.api.read(path)).attributes
  }
  const heading = (page: Page, name: string) =>
    page.getByRole('heading', { name, level: 1, exact: true }).waitFor()

  test('are created: what is wrong is said at the field, and prices have the decimals of their currency', async () => {
    const { page } = await console.open('/records/products')
    await page.getByRole('link', { name: 'New product' }).click()
    await page.getByLabel('Name').fill('Te')
    await page.getByLabel('External reference').fill('tea-1')
    await page.getByRole('button', { name: 'Add a price' }).click()
    await page.getByLabel('Currency of price 1').fill('eur')
    await page.getByLabel('Amount of price 1').fill('25.5')
    await page.getByRole('button', { name: 'Create product' }).click()
    await page.getByText('name must be at least 3 characters').waitFor()
    await page.getByLabel('Name').fill('Tea')
    await page.getByRole('button', { name: 'Create product' }).click()
    await heading(page, 'Tea')
    await page.getByText('€25.50').waitFor()
    expect(await attributesOf(page)).toMatchObject({
      name: 'Tea',
      external_ref: 'tea-1',
      price: { EUR: { amount: 2550 } },
    })
  })

  test('are changed: what is cleared is gone, what was not touched stays', async () => {
    const price = { EUR: { amount: 100, includes_tax: true }, JPY: { amount: 900 } }
    const product = await console.service.api.add(
      aProduct({ name: 'Coffee', description: 'Hot', sku: 'c', price }),
    )
    const { page } = await console.open(`/records/products/${product.id}`)
    await page.getByRole('link', { name: 'Change' }).click()
    await page.getByLabel('Description').fill('')
    await page.getByRole('button', { name: 'Remove price 1' }).click()
    await page.getByLabel('Amount of price 1').fill('901')
    // Somebody else is faster, with something else.
    const changes = { type: product.type, attributes: { sku: 'changed' } }
    await console.service.api.put(`/subscriptions/products/${product.id}`, { data: changes })
    await page.getByRole('button', { name: 'Save changes' }).click()
    await heading(page, 'Coffee')
    const changed = await attributesOf(page)
    expect(changed).toMatchObject({ name: 'Coffee', sku: 'changed', price: { JPY: { amount: 901 } } })
    expect(Object.keys(changed.price ?? {})).toEqual(['JPY'])
    expect(changed.description).toBeUndefined()
  })

  test('are created with what they refer to, and in one of several forms', async () => {
    const { api } = console.service
    await api.add(aProduct({ external_ref: 'for-offering' }))
    const plan = await api.add(aPlan())
    const { page } = await console.open('/records/offerings/new')
    await page.getByLabel('Name').fill('Breakfast')
    await page.getByLabel('Products').fill('for-offering\n')
    await page.getByLabel('Plans').fill(plan.id)
    await page.getByRole('button', { name: 'Create offering' }).click()
    await heading(page, 'Breakfast')
    await page.getByRole('heading', { name: '1 product' }).waitFor()

    await page.goto(`${console.service.server.url}/records/features/new`)
    await page.getByLabel('Name').fill('Tastings')
    await page.getByLabel('Kind').selectOption('promotion')
    await page.getByRole('button', { name: 'Add a promotion' }).click()
    const promotion = page.getByRole('group', { name: 'Promotion 1' })
    await promotion.getByLabel('Name').fill('Evening')
    await promotion.getByLabel('Tag').fill('evening')
    await page.getByRole('button', { name: 'Create feature' }).click()
    await heading(page, 'Tastings')
    expect(await attributesOf(page)).toMatchObject({
      configuration: { type: 'promotion', promotions: [{ name: 'Evening', tag: 'evening' }] },
    })
  })

  test('are deleted once that is confirmed, unless others need them', async () => {
    const feature = await console.service.api.add(aFeature({ name: 'To be deleted' }))
    const { page } = await console.open(`/records/features/${feature.id}`)
    await page.getByRole('button', { name: 'Delete' }).click()
    const dialog = page.getByRole('dialog', { name: 'Delete this feature?' })
    await dialog.getByRole('button', { name: 'Keep it' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await heading(page, 'Features')
    expect((await console.service.api.get(`/subscriptions/features/${feature.id}`)).status).toBe(404)
    expect(await page.getByText('To be deleted').count()).toBe(0)
  })

  test('of the organization are only looked at', async () => {
    const { id, api: organization } = await console.service.addOrganization()
    const product = await organization.add(aProduct({ name: 'Of all' }))
    const store = await console.service.addStore(id)
    const { page } = await console.tab()
    await page.goto(`${console.service.server.url}/records/products/${product.id}#key=${store.key}`)
    await heading(page, 'Of all')
    expect(await page.getByRole('link', { name: 'Change' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0)
  })

  test('are exported as they are filtered', async () => {
    const store = await console.service.addStore()
    await store.import(file(aPlan({ name: 'Monthly', external_ref: 'm' }), aPlan({ name: 'Yearly' })))
    const { page } = await console.tab()
    await page.goto(`${console.service.server.url}/records/plans?text=month#key=${store.key}`)
    await page.getByRole('link', { name: 'Monthly' }).waitFor()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export those that match' }).click()
    expect((await download).suggestedFilename()).toBe('plans.jsonl')
    const lines = (await readFile(await (await download).path(), 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).data.attributes.external_ref)).toEqual(['m'])
  })
})

test.each([
  ['25.5', 'EUR', 2550],
  ['-0.05', 'EUR', -5],
  ['900', 'JPY', 900],
  ['900.00', 'JPY', 900],
  ['12.345', 'BHD', 12345],
  ['0.1', 'XXX', '0.1'],
  ['1.005', 'EUR', '1.005'],
  ['1,000', 'EUR', '1,000'],
  ['90071992547409.91', 'EUR', 9007199254740991],
  ['90071992547409.92', 'EUR', '90071992547409.92'],
])(
  '%s in %s is %j of its smallest unit; what is no amount is left to the service to refuse',
  (text, currency, units) => {
    expect(smallestUnits(text, currency)).toBe(units)
    if (typeof units === 'number') expect(smallestUnits(inWholeUnits(units, currency), currency)).toBe(units)
  },
)

test.each<[string, string, unknown]>([
  ['integer', '12', 12],
  ['integer', '', undefined],
  ['integer', 'many', 'many'],
  ['integer', '9007199254740993', '9007199254740993'],
  ['number', '0.5', 0.5],
  ['number', '0.1234567890123456', '0.1234567890123456'],
  ['boolean', 'false', false],
  ['boolean', '', undefined],
  ['text', ' a ', ' a '],
])('a %s typed as %j is %j', (kind, draft, value) => {
  expect(typedValue({ 'x-kind': kind }, draft)).toBe(value)
})
