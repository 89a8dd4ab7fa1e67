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
  file,
  times,
} from '../support/builders.js'
import { testService } from '../support/service.js'

const RECORDS = 12_000
const KILLS = 3

const service = testService({})

/** Every type, offerings with their references and subscriptions to them. */
const dataset = (name: string) =>
  times(RECORDS, (n) => {
    switch (n % 6) {
      case 0:
        return anOffering({
          external_ref: `o-${n}`,
          name: `${name} ${n}`,
          products: [`p-${n + 1}`, aProduct({ name: `${name} within` }).data.attributes],
          plans: [`plan-${n + 2}`],
          features: [`f-${n + 3}`],
        })
      case 1:
        return aProduct({ external_ref: `p-${n}`, name: `${name} ${n}` })
      case 2:
        return aPlan({ external_ref: `plan-${n}`, name: `${name} ${n}` })
      case 3:
        return aFeature({ external_ref: `f-${n}`, name: `${name} ${n}` })
      case 4:
        return aSubscription({
          external_ref: `a-${n}`,
          name: `${name} ${n}`,
          offering_external_ref: `o-${n - 4}`,
        })
      default:
        return aSubscriber({ external_ref: `s-${n}`, name: `${name} ${n}` })
    }
  })

const undoOf = ({ meta }: ImportResource) =>
  meta.undo ?? { status: 'none', removed: {}, restored: {}, kept: {} }

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, one) => total + one, 0)

function doneBy(one: ImportResource): number {
  const { removed, restored, kept } = undoOf(one)
  return sum(removed) + sum(restored) + sum(kept)
}

/** All rows of a store, but for when they were changed. */
async function rowsOf(api: Api): Promise<unknown> {
  const tables = ['products', 'plans', 'subscribers', 'offerings', 'features', 'subscriptions']
  const held = [
    'offering_products',
    'offering_plans',
    'offering_features',
    'subscription_products',
    'subscription_plans',
  ]
  const owner = "(select owner_id from credentials where secret_hash = sha256(convert_to($1, 'UTF8')))"
  const sums = [...tables, ...held].map(
    (table) => `
      select '${table}' as table, count(*) as rows,
             sum(hashtextextended((to_jsonb(t) ${held.includes(table) ? '' : "- 'updated_at'"})::text, 0)) as sum
      from ${table} t where owner_id = ${owner}`,
  )
  const { rows } = await service.pool.query(sums.join(' union all '), [api.key])
  const { rows: totals } = await service.pool.query(
    `select resource, total from totals where owner_id = ${owner} and resource <> 'imports' order by 1`,
    [api.key],
  )
  return { rows, totals }
}

/** Undoes an import while the process is killed at random moments. */
async function undoUnderKills(
  api: Api,
  id: string,
  all: number,
  random: () => number,
): Promise<ImportResource> {
  const { status } = await api.request(`/subscriptions/imports/${id}/undo`, { method: 'POST' })
  expect(status).toBe(202)
  const moments = Array.from({ length: KILLS }, () => Math.floor(random() * 0.9 * all)).sort((a, b) => a - b)
  let now = api
  for (const moment of moments) {
    while (doneBy(await now.find(id)) < moment) await sleep(5)
    await service.restart()
    now = api.at(service.server.url)
  }
  for (;;) {
    const found = await now.find(id)
    if (!['pending', 'started'].includes(undoOf(found).status)) return found
    await sleep(20)
  }
}

test('kill -9 at random moments of an undo: it ends by itself, and everything is as it was', async () => {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const told = `TEST_SEED=${seed}`
  const store = await service.addStore()
  const empty = await rowsOf(store)
  const added = await store.import(dataset('First'))
  const full = await rowsOf(store)
  const changed = await store.import(dataset('Second'), { onConflict: 'update' })
  expect([added, changed].map(({ attributes }) => attributes.status)).toEqual(['success', 'success'])
  // It is changed by somebody, so that there is something that stays.
  const [one] = await store.read<{ id: string }[]>('/subscriptions/subscribers?filter=eq(external_ref,s-5)')
  await store.put(`/subscriptions/subscribers/${one?.id}`, {
    data: { type: 'subscription_subscriber', attributes: { name: 'Changed' } },
  })

  const back = undoOf(await undoUnderKills(store, changed.id, RECORDS, random))
  expect([back.status, sum(back.removed), sum(back.restored), sum(back.kept)], told).toEqual([
    'success',
    0,
    RECORDS - 1,
    1,
  ])
  const api = store.at(service.server.url)
  expect(
    (await api.lines(`/subscriptions/imports/${changed.id}/undo/kept`)).map(({ id }) => id),
    told,
  ).toEqual([one?.id])
  await service.pool.query("update subscribers set name = 'First 5' where id = $1", [one?.id])
  expect(await rowsOf(api), told).toEqual(full)

  const gone = undoOf(await undoUnderKills(api, added.id, RECORDS, random))
  expect([gone.status, sum(gone.removed), sum(gone.restored), sum(gone.kept)], told).toEqual([
    'success',
    RECORDS - 1,
    0,
    1,
  ])
  const last = api.at(service.server.url)
  expect((await last.delete(`/subscriptions/subscribers/${one?.id}`)).status, told).toBe(204)
  const { rows, totals } = (await rowsOf(last)) as { rows: unknown[]; totals: { total: number }[] }
  expect(rows, told).toEqual((empty as { rows: unknown[] }).rows)
  expect(
    totals.map(({ total }) => total),
    told,
  ).toEqual([0, 0, 0, 0, 0, 0])
  // The store goes on.
  const again = await last.import(file(aProduct({ external_ref: 'p-1' })))
  expect(again.attributes.status, told).toBe('success')
})
