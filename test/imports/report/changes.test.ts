import { expect, test } from 'vitest'
import {
  anInlineSubscription,
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  file,
  times,
} from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

const path = (id: string) => `/subscriptions/imports/${id}/changes`
const changes = (id: string) => api.lines(path(id))

test('The changes of an import say what each line did, attribute by attribute', async () => {
  const price = { USD: { amount: 1 } }
  const units = (amount: number) => ({ price_units: { unit: 'day', amount } })
  await api.import(
    file(
      aProduct({ external_ref: 'a', name: 'Before', price, ...units(1) }),
      aProduct({ external_ref: 'b', name: 'Same' }),
    ),
  )
  const [b, a] = (await api.get('/subscriptions/products')).body.data
  const { id } = await api.import(
    file(
      aProduct({ external_ref: 'a', name: 'After', sku: 'S', ...units(2) }),
      aProduct({ external_ref: 'b', name: 'Same' }),
      aProduct({ external_ref: 'c' }),
      '{',
    ),
    { onConflict: 'update' },
  )
  const created = (await api.get('/subscriptions/products')).body.data[0]
  const product = { type: 'subscription_product' }
  expect(await changes(id)).toEqual([
    {
      ...product,
      line_number: 1,
      id: a.id,
      external_ref: 'a',
      change: 'updated',
      attributes: {
        name: ['Before', 'After'],
        sku: [null, 'S'],
        price: [price, null],
        'price_units.amount': [1, 2],
      },
    },
    { ...product, line_number: 2, id: b.id, external_ref: 'b', change: 'unchanged', attributes: {} },
    { ...product, line_number: 3, id: created.id, external_ref: 'c', change: 'created', attributes: {} },
  ])
})

test('Lists are shown by reference, also what a subscription has selected of them', async () => {
  const plans = (name: string) => [
    aPlan({ external_ref: 'q', name }).data.attributes,
    aPlan({ external_ref: 'r', plan_length: 3 }).data.attributes,
  ]
  const s = (selected_plan: string, name: string, others = {}) =>
    anInlineSubscription({ external_ref: 's', plans: plans(name), selected_plan, ...others })
  await api.import(
    file(aProduct({ external_ref: 'p' }), anOffering({ external_ref: 'o', products: ['p'] }), s('q', 'Plan')),
  )
  const { id } = await api.import(
    file(
      anOffering({ external_ref: 'o', products: [aProduct({ name: 'Within' }).data.attributes, 'p'] }),
      s('r', 'Renamed', { offering: { name: 'Tea, monthly' }, paused_at: '2024-02-29T23:59:59.5+01:00' }),
    ),
    { onConflict: 'update' },
  )
  expect(await changes(id)).toMatchObject([
    { change: 'updated', attributes: { products: [['p'], [{ name: 'Within' }, 'p']] } },
    {
      change: 'updated',
      attributes: {
        paused_at: [null, '2024-02-29T22:59:59.500000Z'],
        'offering.name': ['Coffee, monthly', 'Tea, monthly'],
        plans: [
          ['q', 'r'],
          ['q', 'r'],
        ],
        selected_plan: ['q', 'r'],
      },
    },
  ])
  const [, subscription] = await changes(id)
  expect(Object.keys((subscription as { attributes: object }).attributes).sort()).toEqual(
    ['offering.name', 'paused_at', 'plans', 'selected_plan'].sort(),
  )
})

test('A payment authority is named, and never shown', async () => {
  const subscriber = (customer_id: string) =>
    aSubscriber({
      external_ref: 's',
      payment_authority: { type: 'elastic_path_payments_stripe', customer_id },
    })
  await api.import(file(subscriber('cus_before')))
  const { id } = await api.import(file(subscriber('cus_after')), { onConflict: 'update' })
  expect(await changes(id)).toMatchObject([{ attributes: { payment_authority: ['hidden', 'hidden'] } }])
})

test('A dry run shows the changes that the import would make, without ids that nobody can find', async () => {
  await api.import(file(aProduct({ external_ref: 'a', name: 'Before' })))
  const content = file(
    aProduct({ external_ref: 'a', name: 'After' }),
    aProduct({ external_ref: 'b', name: 'New' }),
    aProduct({ external_ref: 'b', name: 'Newer' }),
  )
  const rehearsal = await api.import(content, { onConflict: 'update', dryRun: true })
  const shown = await changes(rehearsal.id)
  const real = await api.import(content, { onConflict: 'update' })
  const done = (await changes(real.id)) as { line_number: number; id?: string }[]
  expect(shown).toEqual(
    done.map((line) => {
      const { id: _, ...others } = line
      return line.line_number === 1 ? line : others
    }),
  )
})

test('However many lines there are, they come in order', async () => {
  const content = (name: string) =>
    times(2500, (index) => aProduct({ external_ref: `p-${index}`, name: `${name} ${index}` }))
  await api.import(content('Before'))
  const { id } = await api.import(content('After'), { onConflict: 'update' })
  expect((await changes(id)).map(({ line_number, attributes }) => [line_number, attributes])).toEqual(
    Array.from({ length: 2500 }, (_, index) => [index + 1, { name: [`Before ${index}`, `After ${index}`] }]),
  )
})

test.each(['reject', 'skip'] as const)('With %s there is no journal: 409', async (onConflict) => {
  const { id } = await api.import(file(aProduct()), { onConflict })
  expectError(await api.get(path(id)), 409, 'Write Conflict', /its results say/)
})

test('The changes expire with the report: 410', async () => {
  const { id } = await api.import(file(aProduct({ external_ref: 'a' })), { onConflict: 'update' })
  await service.pool.query('update imports set expired_at = now() where id = $1', [id])
  const answer = await api.get(path(id))
  expect(answer.status).toBe(410)
})
