import { expect, test } from 'vitest'
import { anOffering, aPlan, aProduct, aSubscription, counts, file, times } from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

const update = { onConflict: 'update' } as const

/** The journal of an import, by line, without what differs from import to import. */
async function journal(importId: string) {
  const { rows } = await service.pool.query(
    `select line_number, resource, change, external_ref, before, after, lists,
            (select json_object_agg(key, json_array_length(value::json)) from jsonb_each(held_before)) as held,
            seen_at is null as is_new, written_at > seen_at as has_later_time, record_id
     from import_changes where import_id = $1 order by line_number`,
    [importId],
  )
  return rows.map(({ line_number, ...row }) => ({ line: Number(line_number), ...row }))
}

test('The journal of an update has each line: what it changed, added, or left alone', async () => {
  const price = { USD: { amount: 1 } }
  await api.import(
    file(
      aProduct({ external_ref: 'a', name: 'Before', sku: 'S', price }),
      aProduct({ external_ref: 'b', name: 'Equal', price_units: { unit: 'day', amount: 1 } }),
    ),
  )
  const { id, meta } = await api.import(
    file(
      aProduct({ external_ref: 'a', name: 'After', price: { ...price, EUR: { amount: 2 } } }),
      aProduct({ external_ref: 'b', name: 'Equal', price_units: { amount: 1, unit: 'day' } }),
      aProduct({ external_ref: 'c' }),
      aProduct(),
    ),
    update,
  )
  expect(meta.records).toEqual({
    uploaded: counts(4),
    imported: counts(4),
    updated: counts(1),
    unchanged: counts(1),
  })
  expect(await journal(id)).toMatchObject([
    {
      line: 1,
      resource: 'products',
      change: 'updated',
      external_ref: 'a',
      before: { name: 'Before', sku: 'S', price },
      after: { name: 'After', sku: null, price: { USD: { amount: 1 }, EUR: { amount: 2 } } },
      held: null,
      has_later_time: true,
    },
    { line: 2, change: 'unchanged', external_ref: 'b', before: null, after: null, has_later_time: false },
    { line: 3, change: 'created', external_ref: 'c', before: null, after: null, is_new: true },
    { line: 4, change: 'created', external_ref: null, is_new: true },
  ])
})

test('Times in the journal are the record’s own; what is equal keeps its time', async () => {
  await api.import(
    file(aProduct({ external_ref: 'a', name: 'Before' }), aProduct({ external_ref: 'b', name: 'Equal' })),
  )
  const before = await service.pool.query('select external_ref, updated_at from products order by 1')
  const { id } = await api.import(
    file(aProduct({ external_ref: 'a', name: 'After' }), aProduct({ external_ref: 'b', name: 'Equal' })),
    update,
  )
  const { rows } = await service.pool.query(
    `select j.external_ref, j.seen_at, j.written_at = t.updated_at as is_current
     from import_changes j join products t on t.owner_id = j.owner_id and t.id = j.record_id
     where j.import_id = $1 order by 1`,
    [id],
  )
  const own = before.rows.filter(({ updated_at }) => rows.some(({ seen_at }) => seen_at === updated_at))
  expect(own.map(({ external_ref }) => external_ref)).toEqual(['a', 'b'])
  expect(rows.map(({ is_current }) => is_current)).toEqual([true, true])
})

test('Of lines with one external_ref, each one finds what the one before it has left', async () => {
  const { id, meta } = await api.import(
    file(
      aProduct({ external_ref: 'a', name: 'First' }),
      aProduct({ external_ref: 'a', name: 'Second' }),
      aProduct({ external_ref: 'a', name: 'Second' }),
      aProduct({ external_ref: 'a', name: 'Third' }),
    ),
    update,
  )
  expect(meta.records).toMatchObject({ imported: counts(4), updated: counts(2), unchanged: counts(1) })
  const lines = await journal(id)
  expect(lines.map(({ change, before, after }) => [change, before, after])).toEqual([
    ['created', null, null],
    ['updated', { name: 'First' }, { name: 'Second' }],
    ['unchanged', null, null],
    ['updated', { name: 'Second' }, { name: 'Third' }],
  ])
  expect(new Set(lines.map(({ record_id }) => record_id)).size).toBe(1)
})

test('However many lines share an external_ref, they are worked one after the other', async () => {
  const number = (index: number) => index - (index % 3)
  const { id, meta } = await api.import(
    times(350, (index) => aProduct({ external_ref: 'a', name: `Number ${number(index)}` })),
    update,
  )
  expect(meta.records).toMatchObject({ imported: counts(350), updated: counts(116), unchanged: counts(233) })
  const changes = (await journal(id)).flatMap(({ before, after }) =>
    after ? [[before.name, after.name]] : [],
  )
  expect(changes).toEqual(
    Array.from({ length: 116 }, (_, index) => [`Number ${3 * index}`, `Number ${3 * index + 3}`]),
  )
})

test('Fresh copies of the same are no change: an offering keeps its snapshots', async () => {
  const content = (name: string, plan = 'Plan') =>
    file(
      aProduct({ external_ref: 'p' }),
      aPlan({ external_ref: 'q', name: plan }),
      anOffering({
        external_ref: 'o',
        name,
        products: ['p', aProduct({ name: 'Inline' }).data.attributes],
        plans: ['q'],
      }),
    )
  await api.import(content('Same'))
  const before = await api.get('/subscriptions/offerings?include=products,plans')
  const again = await api.import(content('Same'), update)
  expect(again.meta.records).toMatchObject({ unchanged: counts(1, 1, 0, 1) })
  expect((await api.get('/subscriptions/offerings?include=products,plans')).body).toEqual(before.body)

  const renamed = await api.import(content('Renamed', 'Other plan'), update)
  expect(renamed.meta.records).toMatchObject({ unchanged: counts(1), updated: counts(0, 1, 0, 1) })
  const after = await api.get('/subscriptions/offerings?include=products,plans')
  expect(after.body.included.products).toEqual(before.body.included.products)
  expect(after.body.included.plans).not.toEqual(before.body.included.plans)
  expect((await journal(renamed.id))[2]).toMatchObject({
    change: 'updated',
    before: { name: 'Same' },
    after: { name: 'Renamed' },
    held: { offering_plans: 1 },
    lists: { plans: [['q'], ['q']] },
  })
})

test('A list that is replaced is told by what it names', async () => {
  const offering = (products: unknown[]) =>
    file(aProduct({ external_ref: 'p' }), anOffering({ external_ref: 'o', products }))
  await api.import(offering(['p', aProduct({ name: 'Inline' }).data.attributes]))
  const { id } = await api.import(offering([aProduct({ external_ref: 'x' }).data.attributes, 'p']), update)
  expect((await journal(id))[1]).toMatchObject({
    before: null,
    held: { offering_products: 2 },
    lists: {
      products: [
        ['p', { name: 'Inline' }],
        ['x', 'p'],
      ],
    },
  })
})

test.each(['named', 'inline'] as const)(
  'A subscription to a %s offering that is equal keeps what it holds',
  async (way) => {
    const plans = [
      aPlan({ external_ref: 'q' }).data.attributes,
      aPlan({ external_ref: 'r', plan_length: 9 }).data.attributes,
    ]
    const products = [aProduct().data.attributes]
    const subscription = (selected_plan: string, name = 'Ada Example') =>
      aSubscription({
        external_ref: 's',
        name,
        selected_plan,
        ...(way === 'named'
          ? { offering_external_ref: 'o' }
          : { offering_external_ref: undefined, offering: { name: 'Within' }, products, plans }),
      })
    await api.import(file(anOffering({ external_ref: 'o', plans, products }), subscription('q')))
    const read = async () => (await api.get('/subscriptions/subscriptions?include=products,plans')).body
    const before = await read()
    const equal = await api.import(file(subscription('q')), update)
    expect(equal.meta.records.unchanged).toEqual(counts(0, 0, 0, 0, 0, 1))
    expect(await read()).toEqual(before)

    const selected = await api.import(file(subscription('r', 'Ada Other')), update)
    const after = await read()
    const ids = (included: Record<string, { id: string }[]>) =>
      Object.values(included).map((all) => all.map(({ id }) => id))
    expect(ids(after.included)).toEqual(ids(before.included))
    expect(after.data[0].attributes).toMatchObject({ name: 'Ada Other', plan_id: after.included.plans[1].id })
    expect(after.data[0].attributes.offering.id).toBe(before.data[0].attributes.offering.id)
    expect(await journal(selected.id)).toMatchObject([
      {
        before: { name: 'Ada Example', plan_id: before.included.plans[0].id },
        after: { name: 'Ada Other', plan_length: 9 },
        held: null,
        lists: { selected_plan: ['q', 'r'] },
      },
    ])
  },
)

test('A dry run journals what the import would do, and changes nothing', async () => {
  await api.import(file(aProduct({ external_ref: 'a', name: 'Before' }), anOffering({ external_ref: 'o' })))
  const content = file(
    aProduct({ external_ref: 'a', name: 'After' }),
    aProduct({ external_ref: 'a', name: 'Later' }),
    aProduct({ external_ref: 'b' }),
    anOffering({ external_ref: 'o', products: ['a', 'b'] }),
  )
  const products = await api.get('/subscriptions/products')
  const rehearsal = await api.import(content, { ...update, dryRun: true })
  expect((await api.get('/subscriptions/products')).body).toEqual(products.body)
  const real = await api.import(content, update)
  const shown = async (id: string) => (await journal(id)).map(({ record_id, ...line }) => line)
  expect(await shown(rehearsal.id)).toEqual(await shown(real.id))
  expect(rehearsal.meta.records).toEqual(real.meta.records)
})
