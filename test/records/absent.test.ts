import { describe, expect, test } from 'vitest'
import { recordTypes } from '../../src/records/index.js'
import { listOf, type RecordResource } from '../support/api.js'
import {
  aFeature,
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  counts,
  file,
  type RecordLine,
  times,
} from '../support/builders.js'
import { newStoreEach, testService } from '../support/service.js'

const service = testService()
const store = newStoreEach(service)

type Json = Readonly<Record<string, unknown>>

const price = { USD: { amount: 100, includes_tax: false }, EUR: { amount: 90 } }

/** A record of every type with all of its attributes. */
const whole: Readonly<Record<string, RecordLine>> = {
  subscription_product: aProduct({
    external_ref: 'ref',
    description: 'All of it.',
    sku: 'SKU',
    main_image: 'https://example.com/a.png',
    price,
    price_units: { unit: 'day', amount: 1 },
  }),
  subscription_plan: aPlan({
    external_ref: 'ref',
    description: 'All of it.',
    trial_period: 1,
    base_price_percentage: 5,
    fixed_price: price,
  }),
  subscription_subscriber: aSubscriber({ external_ref: 'ref' }),
  subscription_offering: anOffering({ external_ref: 'ref', description: 'All of it.' }),
  subscription_feature: aFeature({ external_ref: 'ref', description: 'All of it.' }),
}

const wholeOf = (type: string): RecordLine => {
  const line = whole[type]
  if (!line) throw new Error(`there is no whole ${type}`)
  return line
}

interface Shape {
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly patternProperties?: Readonly<Record<string, Shape>>
}

/**
 * The paths of everything that a value of this shape may lack. A map may lack each of its keys; here USD is
 * used.
 */
function optionalPaths({ properties = {}, patternProperties = {}, required = [] }: Shape): string[][] {
  const inner = (name: string, shape: Shape) => optionalPaths(shape).map((path) => [name, ...path])
  return [
    ...Object.entries(properties).flatMap(([name, shape]) => [
      ...(required.includes(name) ? [] : [[name]]),
      ...inner(name, shape),
    ]),
    ...Object.values(patternProperties).flatMap((shape) => [['USD'], ...inner('USD', shape)]),
  ]
}

/** The types that show their attributes as they are given; the others are in the table of rules. */
const shownAsGiven = recordTypes.filter(({ answered }) => answered === undefined)

const optional = shownAsGiven.flatMap(({ type, attributes }) =>
  optionalPaths(attributes as Shape).map((path) => ({ type, path, name: path.join('.') })),
)

/** A copy of an object with this value at a path; undefined removes it. */
function at(object: Json, [first = '', ...rest]: readonly string[], value: unknown): Json {
  const { [first]: old, ...others } = object
  const changed = rest.length === 0 ? value : at(old as Json, rest, value)
  return changed === undefined ? others : { ...object, [first]: changed }
}

/** Attributes without their times. */
const given = ({
  attributes: { created_at, updated_at, ...attributes },
}: Pick<RecordResource, 'attributes'>) => attributes

/** What is sent, in the form in which a record of its type shows it. */
const shown = ({ products, plans, ...attributes }: Json): Json => attributes

const newestOf = async (list: string) => {
  const [newest] = await store.read<RecordResource[]>(list)
  if (!newest) throw new Error(`${list} is empty`)
  return newest
}

test('every type has optional attributes, and prices at two more depths', () => {
  expect(optional.map(({ type, name }) => `${type} ${name}`)).toEqual(
    expect.arrayContaining([
      ...shownAsGiven.map(({ type }) => `${type} external_ref`),
      'subscription_product price.USD',
      'subscription_product price.USD.includes_tax',
      'subscription_plan fixed_price.USD.includes_tax',
      'subscription_product price_units',
    ]),
  )
})

describe.each(optional)('$type: $name that is null counts as absent', ({ type, path }) => {
  const { attributes } = wholeOf(type).data
  const isNull = at(attributes, path, null)
  const isAbsent = shown(at(attributes, path, undefined))

  test('in a line', async () => {
    const { meta } = await store.import(file({ data: { type, attributes: isNull } }))
    expect(meta.errors).toBe(0)
    expect(given(await newestOf(listOf(type)))).toEqual(isAbsent)
  })

  test('in a POST', async () => {
    expect(given(await store.add({ data: { type, attributes: isNull } }))).toEqual(isAbsent)
  })

  test('in a PUT, which clears it', async () => {
    const { id } = await store.add(wholeOf(type))
    const [first = ''] = path
    const changes = { [first]: at({ [first]: attributes[first] }, path, null)[first] }
    const { status, body } = await store.put(`${listOf(type)}/${id}`, { data: { type, attributes: changes } })
    expect(body.errors).toBeUndefined()
    expect(status).toBe(200)
    expect(given(body.data)).toEqual(isAbsent)
  })

  const list =
    type === 'subscription_product' ? 'products' : type === 'subscription_plan' ? 'plans' : undefined
  test.runIf(list !== undefined)('in an inline record of an offering', async () => {
    const offering = await store.add(anOffering({ [String(list)]: [isNull] }))
    await store.import(file(anOffering({ [String(list)]: [isNull] })))
    const imported = await newestOf('/subscriptions/offerings')
    for (const { id } of [offering, imported]) {
      const snapshot = given(await newestOf(`/subscriptions/offerings/${id}/${list}`))
      expect(snapshot).toEqual(expect.objectContaining(isAbsent))
      if (path.length === 1) expect(snapshot).not.toHaveProperty(path)
    }
  })
})

test('a null for a required attribute, or of an invalid currency, stays a mistake', async () => {
  const nullAmount = { USD: { amount: null } }
  expect(
    await store.complaints(
      file(
        aProduct({ price: nullAmount }),
        aProduct({ price: { usd: null } }),
        aProduct({ price_units: { unit: 'day', amount: null } }),
      ),
    ),
  ).toEqual([
    [1, 'price.USD.amount', 'price.USD.amount must be a whole number, not null'],
    [2, 'price.usd', '"usd" is not a currency code of three capital letters'],
    [3, 'price_units.amount', 'price_units.amount must be a whole number, not null'],
  ])
})

describe('An empty external_ref counts as none', () => {
  const five = times(5, (index) => aSubscriber({ external_ref: '', name: `Person ${index}` }))

  test.each(['reject', 'skip', 'update', 'patch'] as const)('in a file, with %s', async (onConflict) => {
    for (const repetition of [1, 2]) {
      const { meta } = await store.import(five, { onConflict })
      expect(meta.records.imported).toEqual(counts(0, 0, 5))
      expect(meta.records.skipped ?? counts()).toEqual(counts())
      expect(meta.errors).toBe(0)
      expect(await store.read('/subscriptions/subscribers')).toHaveLength(5 * repetition)
    }
    for (const subscriber of await store.read<RecordResource[]>('/subscriptions/subscribers')) {
      expect(subscriber.attributes).not.toHaveProperty('external_ref')
    }
  })

  test('in a rehearsal', async () => {
    const { meta } = await store.import(five, { dryRun: true })
    expect(meta.records.imported).toEqual(counts(0, 0, 5))
  })

  test('in the report of a line that is otherwise wrong', async () => {
    const { id } = await store.import(file(aProduct({ external_ref: '', name: 'ab' })))
    expect(await store.errors(id)).toMatchObject([{ field: 'name', externalRef: undefined }])
  })

  test.each(Object.values(whole).map((line) => [line.data.type, line] as const))(
    'in a POST and a PUT of a %s',
    async (type, { data: { attributes } }) => {
      const record = { data: { type, attributes: { ...attributes, external_ref: '' } } }
      const [one, other] = [await store.add(record), await store.add(record)]
      expect(one.attributes).not.toHaveProperty('external_ref')
      const put = (id: string, external_ref: string) =>
        store.put(`${listOf(type)}/${id}`, { data: { type, attributes: { external_ref } } })
      expect((await put(one.id, 'ref')).body.data.attributes.external_ref).toBe('ref')
      for (const { id } of [one, other]) {
        const { status, body } = await put(id, '')
        expect(status).toBe(200)
        expect(body.data.attributes).not.toHaveProperty('external_ref')
      }
    },
  )

  test('in an inline record of an offering, and in the PUT of it', async () => {
    const inner = { ...aProduct().data.attributes, external_ref: '' }
    const { id, meta } = await store.add(anOffering({ products: [inner, inner] }))
    expect(meta.external_product_refs).toEqual([])
    const path = `/subscriptions/offerings/${id}/products`
    const snapshot = await newestOf(path)
    for (const [external_ref, kept] of [
      ['ref', 'ref'],
      ['', undefined],
    ]) {
      const { body } = await store.put(`${path}/${snapshot.id}`, {
        data: { type: 'subscription_offering_product', attributes: { external_ref } },
      })
      expect(body.data.attributes.external_ref).toBe(kept)
    }
  })

  test('and so it is not a reference', async () => {
    await store.add(aProduct({ external_ref: '' }))
    const must =
      'must not be empty, but the id or external_ref of a product, or an object with its attributes'
    expect(await store.complaints(file(anOffering({ products: [''] })))).toEqual([
      [1, 'products[0]', `products[0] ${must}`],
    ])
    const { data } = anOffering({ products: [''] })
    const { status, body } = await store.post('/subscriptions/offerings/build', { data: data.attributes })
    expect(status).toBe(400)
    const detail = `data.products[0]: products[0] ${must}`
    expect(body.errors).toEqual([
      { status: '400', title: 'Validation Error', detail, meta: { code: 'too_short' } },
    ])
  })

  test('in the form of an import', async () => {
    for (const _ of [1, 2]) {
      const { attributes } = await store.create(file(aProduct()), { externalRef: '' })
      expect(attributes).not.toHaveProperty('external_ref')
    }
  })
})
