import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Api, ImportResource } from '../support/api.js'
import {
  aFeature,
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  aSubscription,
  times,
} from '../support/builders.js'
import { testService } from '../support/service.js'

const RECORDS = 100_000
const KILLS = 5

const service = testService()

/**
 * Every kind of line, with mistakes, warnings, duplicates near and far, offerings and subscriptions before what they name,
 * blank and garbage lines.
 */
const dataset = times(RECORDS, (n) => {
  const ref = String(n)
  if (n % 97 === 0) return aProduct({ name: 'No', external_ref: ref })
  if (n % 101 === 0) return n % 2 ? '' : 'garbage'
  if (n % 103 === 0) return aProduct({ external_ref: `p-${n % 5000}` })
  switch (n % 10) {
    case 0:
      return anOffering({
        external_ref: `o-${ref}`,
        products: [`p-${n + 1}`, `p-${n + 2}`],
        plans: [`plan-${n + 5}`],
        ...(n % 4 === 0 && { features: [`f-${n + 6}`] }),
      })
    case 1:
    case 2:
    case 3:
      return aProduct({ external_ref: `p-${ref}`, price: { USD: { amount: n } } })
    case 4:
    case 5:
      return aPlan({ external_ref: `plan-${ref}`, [n % 4 === 0 ? 'trial' : 'trial_period']: 1 })
    case 6:
      return aFeature({ external_ref: `f-${ref}` })
    case 7:
      return aSubscription({
        external_ref: `subscription-${ref}`,
        currency: n % 9 === 0 ? 'EUR' : 'USD',
        offering_external_ref: `o-${10 * ((n * 7919) % (RECORDS / 10))}`,
        ...(n % 3 === 0 && { first_invoice_paid: true, started_at: '2026-01-31T12:00:00Z' }),
      })
    default:
      return aSubscriber({
        ...(n % 7 > 0 && { external_ref: `s-${ref}` }),
        name: `Subscriber ${ref}`,
        email: `subscriber-${n % 75_000}@example.com`,
        [`colour-${n % 1009}`]: 'red',
      })
  }
})

const importedTotal = ({ meta }: ImportResource): number =>
  Object.values(meta.records.imported).reduce((sum, count) => sum + count, 0)

test('kill -9 at five moments of an import: it ends by itself with the counts, errors and rows of an undisturbed run', async () => {
  const undisturbed = await service.addStore()
  const disturbed = await service.addStore()
  const expected = await undisturbed.import(dataset)
  expect(expected.attributes.status).toBe('success')

  const { id } = await disturbed.create(dataset)
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)
  const moments = randomMoments(seed, importedTotal(expected))
  let api = disturbed
  for (const moment of moments) {
    await untilImported(api, id, moment)
    await service.restart()
    api = disturbed.at(service.server.url)
  }
  const actual = await api.finished(id)

  const told = `TEST_SEED=${seed}`
  expect(actual.attributes.status, told).toBe('success')
  expect(actual.meta.records, told).toEqual(expected.meta.records)
  expect(actual.meta.errors, told).toBe(expected.meta.errors)
  expect(await api.errors(actual.id), told).toEqual(
    await undisturbed.at(service.server.url).errors(expected.id),
  )
  expect(actual.meta.warnings, told).toBe(expected.meta.warnings)
  for (const report of ['warnings', 'errors/kinds']) {
    const of = await reportOf(api, actual.id, report)
    expect(of.length).toBeGreaterThan(2)
    expect(of, told).toEqual(await reportOf(undisturbed.at(service.server.url), expected.id, report))
  }
  for (const statement of comparisons) {
    const { rows } = await service.pool.query(statement, [expected.id, actual.id])
    expect(rows, `${told}\n${statement}`).toEqual([{ different: 0, same: expect.any(Number) }])
    expect(rows[0]?.same).toBeGreaterThan(0)
  }
})

async function reportOf(api: Api, id: string, report: string): Promise<unknown[]> {
  const found = await api.read<{ meta: object }[]>(`/subscriptions/imports/${id}/${report}`)
  return found.map(({ meta }) => meta).filter((meta) => !('code' in meta) || meta.code !== 'same_file')
}

/**
 * Ascending numbers of imported records, none in the last twentieth, where the job might end before the kill.
 */
function randomMoments(seed: number, total: number): number[] {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return Array.from({ length: KILLS }, () => Math.floor(random() * 0.95 * total)).sort((a, b) => a - b)
}

async function untilImported(api: Api, id: string, count: number): Promise<void> {
  while (importedTotal(await api.find(id)) < count) await sleep(5)
}

/** How many rows of the two owners ($1, $2: one import of each) are different, and how many the same. */
const comparisons = [
  compare('products', 'external_ref, name, price'),
  compare('plans', 'external_ref, name, billing_interval_type, billing_frequency, plan_length'),
  compare('subscribers', 'external_ref, name, email, account_id'),
  compare('offerings', 'external_ref, name'),
  compare('features', 'external_ref, name, configuration'),
  compare(
    'subscriptions',
    'external_ref, currency, started_at, offering_external_ref, offering_name, plan_length',
  ),
  compareHeld('offering', 'products', 's.price'),
  compareHeld('offering', 'plans', 's.plan_length'),
  compareHeld('offering', 'features', 's.configuration'),
  compareHeld('subscription', 'products', 's.price'),
  compareHeld('subscription', 'plans', 's.id = o.plan_id'),
  compare('totals', 'resource, total'),
]

/** @param column another one of the copies than their reference and name */
function compareHeld(holder: string, list: string, column: string): string {
  const held = `
    select s.owner_id, o.external_ref as holder, s.external_ref, s.name, ${column} as other
    from ${holder}_${list} s join ${holder}s o on o.owner_id = s.owner_id and o.id = s.holder_id`
  return compare(`(${held}) s`, 'holder, external_ref, name, other')
}

function compare(table: string, columns: string): string {
  const rowsOf = (parameter: string) =>
    `select ${columns} from ${table} where owner_id = (select i.owner_id from imports i where i.id = ${parameter})`
  return `
    with a as (${rowsOf('$1')}), b as (${rowsOf('$2')}),
         different as ((select * from a except all select * from b) union all (select * from b except all select * from a)),
         same as (select * from a intersect all select * from b)
    select (select count(*) from different) as different, (select count(*) from same) as same`
}
