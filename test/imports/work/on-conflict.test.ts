import { describe, expect, test } from 'vitest'
import { anOffering, aPlan, aProduct, aSubscriber, counts, file, times } from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

const builders = [
  ['products', aProduct],
  ['plans', aPlan],
  ['subscribers', aSubscriber],
  ['offerings', anOffering],
] as const

interface Record {
  readonly id: string
  readonly attributes: { readonly name: string; readonly [name: string]: unknown }
  readonly meta: { readonly timestamps: { readonly created_at: string; readonly updated_at: string } }
}

const records = async (table: string): Promise<Record[]> => {
  const { body } = await api.get(`/subscriptions/${table}?page[limit]=100`)
  return body.data.reverse()
}

const names = async (table: string) => (await records(table)).map(({ attributes }) => attributes.name)

describe.each(builders)('Existing %s', (table, build) => {
  const first = () => file(build({ name: 'First', external_ref: 'r-1' }), build({ name: 'Nameless' }))
  const again = () =>
    file(
      build({ name: 'Again', external_ref: 'r-1' }),
      build({ name: 'New', external_ref: 'r-2' }),
      build({ name: 'New again', external_ref: 'r-2' }),
    )

  test('skip leaves them alone, and says how many', async () => {
    await api.import(first())
    const { id, attributes, meta } = await api.import(again(), { onConflict: 'skip' })
    expect(attributes.status).toBe('success')
    expect(meta.on_conflict).toBe('skip')
    expect(meta.errors).toBe(0)
    expect(Object.values(meta.records.imported).reduce((sum, one) => sum + one)).toBe(1)
    expect(Object.values(meta.records.skipped ?? {}).reduce((sum, one) => sum + one)).toBe(2)
    expect(await api.errors(id)).toEqual([])
    expect(await names(table)).toEqual(['First', 'Nameless', 'New'])
  })

  test('update replaces their attributes; the record keeps its id and its place', async () => {
    await api.import(first())
    const [before] = await records(table)
    const { attributes, meta } = await api.import(again(), { onConflict: 'update' })
    expect(attributes.status).toBe('success')
    expect(meta.on_conflict).toBe('update')
    expect(meta.errors).toBe(0)
    expect(Object.values(meta.records.imported).reduce((sum, one) => sum + one)).toBe(3)
    expect(meta.records.skipped).toBeUndefined()
    const after = await records(table)
    expect(after.map((one) => one.attributes.name)).toEqual(['Again', 'Nameless', 'New again'])
    expect(after[0]?.id).toBe(before?.id)
    expect(after[0]?.meta.timestamps.created_at).toBe(before?.meta.timestamps.created_at)
    expect(String(after[0]?.meta.timestamps.updated_at) > String(before?.meta.timestamps.updated_at)).toBe(
      true,
    )
    const { body } = await api.get(`/subscriptions/${table}`)
    expect(body.meta.results.total).toBe(3)
  })

  test.each(['skip', 'update'] as const)('%s makes it harmless to send a file twice', async (onConflict) => {
    const content = times(4500, (index) => build({ external_ref: `r-${index}` }))
    await api.import(content, { onConflict })
    const { attributes, meta } = await api.import(content, { onConflict })
    expect(attributes.status).toBe('success')
    expect(meta.errors).toBe(0)
    const { body } = await api.get(`/subscriptions/${table}`)
    expect(body.meta.results.total).toBe(4500)
  })
})

test('update clears what a line leaves out', async () => {
  await api.import(file(aProduct({ external_ref: 'p', sku: 'OLD', price: { USD: { amount: 1 } } })))
  await api.import(file(aProduct({ external_ref: 'p', name: 'Renamed' })), { onConflict: 'update' })
  const [product] = await records('products')
  expect(product?.attributes).toMatchObject({ external_ref: 'p', name: 'Renamed' })
  expect(product?.attributes).not.toHaveProperty('sku')
  expect(product?.attributes).not.toHaveProperty('price')
})

test('update replaces an offering’s snapshots by those from the same file', async () => {
  const content = (name: string, plans: unknown[]) =>
    file(
      anOffering({ external_ref: 'o', name, products: ['p'], plans }),
      aProduct({ external_ref: 'p', name }),
      aPlan({ external_ref: 'q', name }),
    )
  await api.import(content('Before', ['q', aPlan().data.attributes]))
  const { meta } = await api.import(content('After', ['q']), { onConflict: 'update' })
  expect(meta.records.imported).toEqual(counts(1, 1, 0, 1))
  const { body } = await api.get('/subscriptions/offerings?include=products,plans')
  expect(body.data).toHaveLength(1)
  expect(body.included.products.map((one: Record) => one.attributes.name)).toEqual(['After'])
  expect(body.included.plans.map((one: Record) => one.attributes.name)).toEqual(['After'])
})

test.each(['reject', 'skip'] as const)('%s leaves an offering’s snapshots alone', async (onConflict) => {
  const content = (name: string) =>
    file(
      anOffering({ external_ref: 'o', products: ['p', aProduct().data.attributes], plans: ['q'] }),
      aProduct({ external_ref: 'p', name }),
      aPlan({ external_ref: 'q', name }),
    )
  await api.import(content('Before'))
  const before = await api.get('/subscriptions/offerings?include=products,plans')
  await api.import(content('After'), { onConflict })
  expect(before.body.included.products).toHaveLength(2)
  expect(await api.get('/subscriptions/offerings?include=products,plans')).toMatchObject({
    body: before.body,
  })
})

test('An offering whose references lead nowhere is rejected, whatever on_conflict says', async () => {
  await api.import(file(anOffering({ external_ref: 'o', name: 'Kept' })))
  const { meta } = await api.import(
    file(aProduct(), anOffering({ external_ref: 'o', products: ['nowhere'] })),
    {
      onConflict: 'update',
    },
  )
  expect(meta.errors).toBe(1)
  expect(meta.records.imported).toEqual(counts(1, 0, 0, 0))
  expect(await names('offerings')).toEqual(['Kept'])
})

test('An import that skips every record has not failed', async () => {
  await api.import(file(aProduct({ external_ref: 'p' })))
  const { attributes, meta } = await api.import(file(aProduct({ external_ref: 'p' })), { onConflict: 'skip' })
  expect(attributes.status).toBe('success')
  expect(meta.records).toEqual({ uploaded: counts(1), imported: counts(), skipped: counts(1) })
})

test('Whatever the order of repeated lines, skip keeps the first and update the last', async () => {
  const content = times(5000, (index) =>
    aProduct({ external_ref: `p-${index % 50}`, name: `Number ${index}` }),
  )
  await api.import(content, { onConflict: 'skip' })
  expect(await names('products')).toEqual(Array.from({ length: 50 }, (_, index) => `Number ${index}`))
  const { meta } = await api.import(content, { onConflict: 'update' })
  expect(meta.records.imported).toEqual(counts(5000))
  expect(await names('products')).toEqual(Array.from({ length: 50 }, (_, index) => `Number ${4950 + index}`))
})
