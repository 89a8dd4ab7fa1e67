import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import { anOffering, aPlan, aProduct, counts, file } from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

interface Resource {
  readonly id: string
  readonly type: string
  readonly attributes: Readonly<Record<string, unknown>>
}

/** The owner's only record of this name. */
async function named(from: Api, table: string, name: string): Promise<Resource> {
  const { body } = await from.get(`/subscriptions/${table}?filter=eq(name,'${name}')`)
  expect(body.data).toHaveLength(1)
  return body.data[0]
}

/** An offering with its snapshots, in the order of its relationships. */
async function offeringNamed(from: Api, name: string) {
  const { id } = await named(from, 'offerings', name)
  const { body } = await from.get(`/subscriptions/offerings/${id}?include=products,plans`)
  const list = (kind: 'products' | 'plans'): Resource[] =>
    body.data.relationships[kind].data.map((related: Resource) =>
      body.included[kind].find((one: Resource) => one.id === related.id && one.type === related.type),
    )
  return { resource: body.data, products: list('products'), plans: list('plans') }
}

const names = (resources: readonly Resource[]) => resources.map(({ attributes }) => attributes.name)

/** How many snapshots the owner of an import has. */
async function snapshotCount(importId: string): Promise<number> {
  const { rows: owners } = await service.pool.query('select owner_id from imports where id = $1', [importId])
  const { rows } = await service.pool.query<{ count: number }>(
    `select (select count(*) from offering_products where owner_id = $1)
          + (select count(*) from offering_plans where owner_id = $1) as count`,
    [owners[0]?.owner_id],
  )
  return Number(rows[0]?.count)
}

describe('An element of an offering', () => {
  test('is the external_ref of a record of the same file', async () => {
    await api.import(
      file(
        aProduct({ name: 'Beans', external_ref: 'beans' }),
        aPlan({ name: 'Weekly', external_ref: 'weekly' }),
        anOffering({ name: 'Offer', products: ['beans'], plans: ['weekly'] }),
      ),
    )
    const { products, plans } = await offeringNamed(api, 'Offer')
    expect(names(products)).toEqual(['Beans'])
    expect(names(plans)).toEqual(['Weekly'])
  })

  test('may come before the record that it names, however far', async () => {
    const padding = Array.from({ length: 2100 }, (_, index) => aProduct({ name: `Padding ${index}` }))
    const { meta } = await api.import(
      file(
        anOffering({ name: 'Offer', products: ['beans'], plans: ['weekly'] }),
        ...padding,
        aProduct({ name: 'Beans', external_ref: 'beans' }),
        aPlan({ name: 'Weekly', external_ref: 'weekly' }),
      ),
    )
    expect(meta.records.imported).toEqual(counts(2101, 1, 0, 1))
    expect(names((await offeringNamed(api, 'Offer')).products)).toEqual(['Beans'])
  })

  test('is the external_ref or the id of an existing record', async () => {
    await api.import(file(aProduct({ name: 'Beans', external_ref: 'beans' }), aPlan({ name: 'Weekly' })))
    const plan = await named(api, 'plans', 'Weekly')
    await api.import(
      file(
        anOffering({ name: 'Lower', products: ['beans'], plans: [plan.id] }),
        anOffering({ name: 'Upper', products: ['beans'], plans: [plan.id.toUpperCase()] }),
      ),
    )
    expect(names((await offeringNamed(api, 'Lower')).plans)).toEqual(['Weekly'])
    expect(names((await offeringNamed(api, 'Upper')).plans)).toEqual(['Weekly'])
  })

  test('is an external_ref that looks like an id that no record has', async () => {
    const ref = randomUUID()
    await api.import(
      file(aProduct({ name: 'Beans', external_ref: ref }), anOffering({ name: 'Offer', products: [ref] })),
    )
    expect(names((await offeringNamed(api, 'Offer')).products)).toEqual(['Beans'])
  })

  test('is the id rather than the external_ref, if records have both', async () => {
    await api.import(file(aProduct({ name: 'By id' })))
    const { id } = await named(api, 'products', 'By id')
    await api.import(
      file(aProduct({ name: 'By ref', external_ref: id }), anOffering({ name: 'Offer', products: [id] })),
    )
    expect(names((await offeringNamed(api, 'Offer')).products)).toEqual(['By id'])
  })

  test('is an external_ref in its exact case and form', async () => {
    const problems = await api.complaints(
      file(
        aProduct({ external_ref: 'Beans\u00e9' }),
        anOffering({ products: ['beans\u00e9', 'Beanse\u0301', 'Beans\u00e9 ', 'Beans\u00e9'] }),
      ),
    )
    expect(problems).toEqual([
      [2, 'products[0]', 'product "beans\u00e9" was not found'],
      [2, 'products[1]', 'product "Beanse\u0301" was not found'],
      [2, 'products[2]', 'product "Beans\u00e9 " was not found'],
    ])
  })

  test('is an external_ref of 2048 characters', async () => {
    const ref = (last: string) => `${'😀'.repeat(2047)}${last}`
    const { meta } = await api.import(
      file(
        aProduct({ name: 'First', external_ref: ref('a') }),
        aProduct({ name: 'Second', external_ref: ref('b') }),
        anOffering({ name: 'Offer', products: [ref('b')] }),
      ),
    )
    expect(meta.errors).toBe(0)
    expect(names((await offeringNamed(api, 'Offer')).products)).toEqual(['Second'])
  })

  test('is a product where a product is expected, not a plan with the same external_ref', async () => {
    expect(
      await api.complaints(file(aPlan({ external_ref: 'a' }), anOffering({ products: ['a'], plans: ['a'] }))),
    ).toEqual([[2, 'products[0]', 'product "a" was not found']])
  })

  test('is an inline object, which exists only within the offering', async () => {
    const { meta, id } = await api.import(
      file(
        anOffering({
          name: 'Offer',
          products: [{ name: 'Beans', price: { USD: { amount: 4750 } }, status: 'active', sku: null }],
        }),
      ),
    )
    expect(meta.records.imported).toEqual(counts(0, 0, 0, 1))
    const { products } = await offeringNamed(api, 'Offer')
    expect(products.map(({ attributes: { created_at, updated_at, ...attributes } }) => attributes)).toEqual([
      { name: 'Beans', price: { USD: { amount: 4750 } }, feature_configurations: {} },
    ])
    expect((await api.get('/subscriptions/products')).body.data).toEqual([])
    expect(await snapshotCount(id)).toBe(2)
  })

  test('is also found among the records of the organization, after those of the store', async () => {
    const organization = await service.addOrganization()
    const store = await service.addStore(organization.id)
    await organization.api.import(
      file(
        aProduct({ name: 'Theirs', external_ref: 'theirs' }),
        aProduct({ name: 'Both theirs', external_ref: 'both' }),
      ),
    )
    const { id } = await named(organization.api, 'products', 'Both theirs')
    await store.import(
      file(
        aProduct({ name: 'Both own', external_ref: 'both' }),
        anOffering({ name: 'Offer', products: ['theirs', 'both', id] }),
      ),
    )
    expect(names((await offeringNamed(store, 'Offer')).products)).toEqual([
      'Theirs',
      'Both own',
      'Both theirs',
    ])
  })
})

describe('An unknown reference rejects the offering', () => {
  test('with one error per reference, and no snapshot is left', async () => {
    const { id, meta } = await api.import(
      file(
        aProduct({ external_ref: 'known' }),
        anOffering({
          external_ref: 'offer',
          products: ['x', 'known', aProduct().data.attributes, 'y'],
          plans: ['z', aPlan().data.attributes],
        }),
      ),
    )
    expect(await api.errors(id)).toEqual([
      { line: 2, field: 'products[0]', error: 'product "x" was not found', externalRef: 'offer' },
      { line: 2, field: 'products[3]', error: 'product "y" was not found', externalRef: 'offer' },
      { line: 2, field: 'plans[0]', error: 'plan "z" was not found', externalRef: 'offer' },
    ])
    expect(meta.records.imported).toEqual(counts(1))
    expect(await snapshotCount(id)).toBe(0)
  })

  test('if it is to a record of another store, by external_ref or by id', async () => {
    const other = await service.addStore()
    await other.import(file(aProduct({ name: 'Theirs', external_ref: 'theirs' })))
    const { id } = await named(other, 'products', 'Theirs')
    expect(await api.complaints(file(anOffering({ products: ['theirs', id] })))).toEqual([
      [1, 'products[0]', 'product "theirs" was not found'],
      [1, 'products[1]', `product "${id}" was not found`],
    ])
  })

  test('if an organization names a record of its store', async () => {
    const organization = await service.addOrganization()
    const store = await service.addStore(organization.id)
    await store.import(file(aProduct({ external_ref: 'of-the-store' })))
    expect(await organization.api.complaints(file(anOffering({ products: ['of-the-store'] })))).toEqual([
      [1, 'products[0]', 'product "of-the-store" was not found'],
    ])
  })

  test('if it is to a record whose own line was rejected', async () => {
    expect(
      await api.complaints(
        file(
          aProduct({ name: 'ab', external_ref: 'beans' }),
          aPlan({ external_ref: 'weekly', can_pause: 'yes' }),
          anOffering({ products: ['beans'], plans: ['weekly'] }),
        ),
      ),
    ).toEqual([
      [1, 'name', 'name must be at least 3 characters'],
      [2, 'can_pause', 'can_pause must be true or false'],
      [3, 'products[0]', 'product "beans" was not found'],
      [3, 'plans[0]', 'plan "weekly" was not found'],
    ])
  })

  test('also where an offering within the same chunk is fine', async () => {
    const { id, meta } = await api.import(
      file(
        aProduct({ name: 'Beans', external_ref: 'beans' }),
        anOffering({ name: 'Good one', products: ['beans'] }),
        anOffering({ products: ['nothing'] }),
        anOffering({ name: 'Good two', products: ['beans'] }),
      ),
    )
    expect(meta.records.imported).toEqual(counts(1, 0, 0, 2))
    expect((await api.errors(id)).map(({ line }) => line)).toEqual([3])
    expect(names((await offeringNamed(api, 'Good two')).products)).toEqual(['Beans'])
    expect(await snapshotCount(id)).toBe(4)
  })
})

test('A record that is named twice is an error at the second place, however it is named', async () => {
  await api.import(file(aProduct({ name: 'Beans', external_ref: 'beans' })))
  const { id } = await named(api, 'products', 'Beans')
  expect(await api.complaints(file(anOffering({ products: ['beans', 'beans', id] })))).toEqual([
    [1, 'products[1]', 'product "beans" is already named by products[0]'],
    [1, 'products[2]', `product "${id}" is already named by products[0]`],
  ])
})

test('An offering whose external_ref is taken leaves no snapshots', async () => {
  const { id } = await api.import(
    file(anOffering({ external_ref: 'offer' }), anOffering({ external_ref: 'offer' })),
  )
  expect(await snapshotCount(id)).toBe(2)
})

describe('Snapshots', () => {
  test('are in the order in which the offering lists them', async () => {
    const refs = Array.from({ length: 12 }, (_, index) => `product-${index}`)
    const order = [7, 3, 11, 0, 5, 9, 1, 10, 2, 8, 4, 6].map((index) => `product-${index}`)
    await api.import(
      file(
        ...refs.map((ref) => aProduct({ name: ref, external_ref: ref })),
        anOffering({
          name: 'Offer',
          products: order.map((ref, index) => (index % 3 === 1 ? { name: ref } : ref)),
        }),
      ),
    )
    expect(names((await offeringNamed(api, 'Offer')).products)).toEqual(order)
  })

  test('have their own ids and types, and are related to the offering', async () => {
    await api.import(
      file(
        aProduct({ name: 'Beans', external_ref: 'beans' }),
        aPlan({ name: 'Weekly', external_ref: 'weekly' }),
        anOffering({ name: 'Offer', products: ['beans'], plans: ['weekly'] }),
        anOffering({ name: 'Other', products: ['beans'], plans: ['weekly'] }),
      ),
    )
    const beans = await named(api, 'products', 'Beans')
    const weekly = await named(api, 'plans', 'Weekly')
    const [offer, other] = [await offeringNamed(api, 'Offer'), await offeringNamed(api, 'Other')]
    const ids = [offer, other].flatMap(({ products, plans }) => [...products, ...plans]).map(({ id }) => id)
    expect(new Set([...ids, beans.id, weekly.id]).size).toBe(6)
    expect(offer.resource.relationships).toEqual({
      products: {
        data: [{ id: offer.products[0]?.id, type: 'subscription_offering_product' }],
        links: { related: `/subscriptions/offerings/${offer.resource.id}/products` },
      },
      plans: {
        data: [{ id: offer.plans[0]?.id, type: 'subscription_offering_plan' }],
        links: { related: `/subscriptions/offerings/${offer.resource.id}/plans` },
      },
      features: {
        data: [],
        links: { related: `/subscriptions/offerings/${offer.resource.id}/features` },
      },
    })
  })

  test('hold all attributes of the original', async () => {
    const product = {
      external_ref: 'beans',
      name: 'Beans',
      description: ' Dark ',
      sku: 'sku-1',
      main_image: 'https://example.com/a.png',
      price: { USD: { amount: 4750, includes_tax: true } },
      price_units: { unit: 'month', amount: 2 },
    }
    const plan = {
      ...aPlan().data.attributes,
      external_ref: 'weekly',
      description: 'Often',
      trial_period: 3,
      base_price_percentage: 12.5,
      fixed_price: { EUR: { amount: 1 } },
    }
    await api.import(
      file(
        aProduct(product),
        aPlan(plan),
        anOffering({ name: 'By ref', products: ['beans'], plans: ['weekly'] }),
        anOffering({ name: 'Inline', products: [product], plans: [plan] }),
      ),
    )
    for (const name of ['By ref', 'Inline']) {
      const { products, plans } = await offeringNamed(api, name)
      expect(products[0]?.attributes).toMatchObject(product)
      expect(plans[0]?.attributes).toMatchObject(plan)
    }
  })

  test('stay as they are when the original is changed or deleted', async () => {
    await api.import(
      file(
        aProduct({ name: 'Beans', external_ref: 'beans', price: { USD: { amount: 1 } } }),
        aPlan({ name: 'Weekly', external_ref: 'weekly' }),
        anOffering({ name: 'Offer', products: ['beans'], plans: ['weekly'] }),
      ),
    )
    const before = await offeringNamed(api, 'Offer')
    const beans = await named(api, 'products', 'Beans')
    const weekly = await named(api, 'plans', 'Weekly')
    await service.pool.query(
      "update products set name = 'Changed', price = null, sku = 'new' where id = $1",
      [beans.id],
    )
    await service.pool.query('delete from plans where id = $1', [weekly.id])
    expect(await offeringNamed(api, 'Offer')).toEqual(before)
  })

  test('show the external_refs of the products in meta.external_product_refs, by which offerings are found', async () => {
    await api.import(
      file(
        aProduct({ external_ref: 'beans' }),
        aProduct({ external_ref: 'mill' }),
        anOffering({
          name: 'Offer',
          products: ['mill', { name: 'Inline', external_ref: 'inline' }, { name: 'Without' }, 'beans'],
        }),
        anOffering({ name: 'Other', products: [{ name: 'Without' }] }),
      ),
    )
    const { resource } = await offeringNamed(api, 'Offer')
    expect(resource.meta.external_product_refs).toEqual(['mill', 'inline', 'beans'])
    expect((await offeringNamed(api, 'Other')).resource.meta.external_product_refs).toEqual([])
    const { body } = await api.get('/subscriptions/offerings?filter=in(external_product_refs,inline,none)')
    expect(names(body.data)).toEqual(['Offer'])
  })
})
