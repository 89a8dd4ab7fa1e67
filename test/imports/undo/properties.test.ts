import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Api, ImportResource } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aState, aSubscription, counts } from '../../support/builders.js'
import { ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'
import {
  catalogueOfOrganization,
  type RandomFile,
  randomFile,
  written,
} from '../work/properties/random-files.js'
import { type Ids, NOUNS, type Noun, TABLES } from '../work/properties/records.js'
import {
  type Around,
  expectedUndo,
  type Renewed,
  type State,
  type Stored,
  stateOf,
} from './properties/model.js'

const service = testService({})
let organizationId = ''

const NO_IDS: Ids = { product: [], plan: [], feature: [], offering: [], copy: [] }

beforeAll(async () => {
  const { id, api } = await service.addOrganization()
  organizationId = id
  await api.import(written(catalogueOfOrganization, NO_IDS).bytes)
})

type Step =
  | {
      readonly do: 'import'
      readonly file: RandomFile
      readonly onConflict: 'reject' | 'skip' | 'update' | 'patch'
    }
  | { readonly do: 'undo'; readonly which: number }
  | { readonly do: Change; readonly which: number }

const CHANGES = ['rename', 'delete', 'pause', 'build', 'attach', 'detach', 'subscribe'] as const
type Change = (typeof CHANGES)[number]

const which = fc.nat(1000)
const imported: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('import' as const),
  file: randomFile,
  onConflict: fc.constantFrom(...(['reject', 'skip', 'update', 'update', 'patch', 'patch'] as const)),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: imported },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), which }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom(...CHANGES), which }) },
)

/** A store while the steps are done. */
interface Scene {
  readonly api: Api
  readonly ownerId: string
  readonly renewed: Renewed
  /** The imports that can be undone. */
  readonly imports: { readonly id: string; readonly around: Around }[]
}

async function doStep(scene: Scene, one: Step): Promise<void> {
  if (one.do === 'import') await doImport(scene, one.file, one.onConflict)
  else if (one.do !== 'undo') await change(scene, one.do, one.which)
  else if (scene.imports.length > 0) {
    const [chosen] = scene.imports.splice(one.which % scene.imports.length, 1)
    if (chosen) await undo(scene, chosen.id, chosen.around)
  }
}

const now = ({ ownerId }: Scene): Promise<State> => stateOf(service.pool, ownerId)

async function doImport(scene: Scene, file: RandomFile, onConflict: 'reject' | 'skip' | 'update' | 'patch') {
  const before = await now(scene)
  const all = [...before.values()]
  const idsOf = (noun: Noun) => all.filter((one) => one.noun === noun).map(({ id }) => id)
  const ids: Ids = {
    product: idsOf('product'),
    plan: idsOf('plan'),
    feature: idsOf('feature'),
    offering: idsOf('offering'),
    copy: all.flatMap(({ rest }) => (rest.offering_plans ?? []).map(({ id }) => String(id))),
  }
  const { id } = await scene.api.import(written(file, ids).bytes, { onConflict })
  scene.imports.push({ id, around: { before, after: await now(scene) } })
}

/** Whatever it is answered: what is not possible changes nothing. */
async function change(scene: Scene, what: Change, number: number): Promise<void> {
  const { api } = scene
  const all = [...(await now(scene)).values()]
  const pick = (...nouns: Noun[]): Stored | undefined => {
    const those = all.filter(({ noun }) => nouns.includes(noun))
    return those[number % Math.max(those.length, 1)]
  }
  const inline = aPlan({ name: `Plan ${number}` }).data.attributes
  const [any, product, offering] = [pick(...NOUNS), pick('product'), pick('offering')]
  switch (what) {
    case 'rename':
      if (any) {
        const type = any.noun === 'subscription' ? any.noun : `subscription_${any.noun}`
        await api.put(`/subscriptions/${TABLES[any.noun]}/${any.id}`, {
          data: { type, attributes: { name: `Name ${number}` } },
        })
      }
      break
    case 'delete':
      if (any) await api.delete(`/subscriptions/${TABLES[any.noun]}/${any.id}`)
      break
    case 'pause': {
      const subscription = pick('subscription')
      if (subscription)
        await api.post(`/subscriptions/subscriptions/${subscription.id}/states`, aState('pause'))
      break
    }
    case 'build':
      await api.post('/subscriptions/offerings/build', {
        data: anOffering({
          products: [product?.id ?? aProduct().data.attributes],
          plans: [pick('plan')?.id ?? inline],
        }).data.attributes,
      })
      break
    case 'attach':
      if (offering && product) {
        await api.post(`/subscriptions/offerings/${offering.id}/products/attach`, {
          data: { products: [product.id] },
        })
      }
      break
    case 'detach': {
      const held = offering?.rest.offering_products?.[0]
      if (offering && held) await api.delete(`/subscriptions/offerings/${offering.id}/products/${held.id}`)
      break
    }
    case 'subscribe':
      if (offering) {
        const plan_id = offering.rest.offering_plans?.[0]?.id
        const named = { offering_external_ref: undefined, offering_id: offering.id, plan_id }
        await api.post('/subscriptions/subscriptions', aSubscription(named))
      }
  }
}

const byType = (of: ReadonlyMap<Noun, number>) => {
  const [product, plan, subscriber, offering, feature, subscription] = NOUNS.map((noun) => of.get(noun) ?? 0)
  return counts(product, plan, subscriber, offering, feature, subscription)
}

async function undo(scene: Scene, id: string, around: Around): Promise<void> {
  const { api, renewed } = scene
  const path = `/subscriptions/imports/${id}/undo`
  const was = await now(scene)
  const expected = expectedUndo(around, was, renewed)
  const post = (query = '') => api.request(`${path}${query}`, { method: 'POST' })
  const preview = (await post('?dry_run=true')).body.data.meta
  expect(await now(scene)).toEqual(was)
  expect((await post()).status).toBe(202)
  const { meta } = await undone(api, id)

  const state = await now(scene)
  for (const one of expected.restored) {
    const [old, renewedAt] = [was.get(one)?.row.updated_at, state.get(one)?.row.updated_at]
    expect(String(renewedAt) > String(old)).toBe(true)
    renewed.set(String(renewedAt), String(expected.state.get(one)?.row.updated_at))
  }
  const comparable = (from: State) =>
    Object.fromEntries(
      [...from]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, { row, rest }]) => {
          const at = expected.restored.has(key) ? undefined : row.updated_at
          return [key, { row: { ...row, updated_at: at }, rest }]
        }),
    )
  expect(comparable(state)).toEqual(comparable(expected.state))

  const { removed, restored, kept } = expected.counts
  const told = { removed: byType(removed), restored: byType(restored), kept: byType(kept) }
  expect(meta.undo).toMatchObject({ status: 'success', ...told })
  expect(preview).toEqual({ dry_run: true, ...told })
  const lines = await api.lines<{ id: string; reason: string; line_number: number }>(`${path}/kept`)
  expect(new Map(lines.map((line) => [line.id, line.reason]))).toEqual(expected.kept)
  expect(lines).toHaveLength(expected.kept.size)
  await checkTotals(scene, state)
}

async function undone(api: Api, id: string): Promise<ImportResource> {
  for (;;) {
    const found = await api.find(id)
    if (found.meta.undo?.status === 'success') return found
    expect(found.meta.undo?.status).not.toBe('failed')
  }
}

async function checkTotals({ ownerId }: Scene, state: State): Promise<void> {
  const { rows } = await service.pool.query(
    "select resource, total from totals where owner_id = $1 and resource <> 'imports'",
    [ownerId],
  )
  const totals = new Map(rows.map(({ resource, total }) => [resource, total]))
  for (const noun of NOUNS) {
    expect(totals.get(TABLES[noun]) ?? 0).toBe([...state.values()].filter((one) => one.noun === noun).length)
  }
}

/** Set by `npm run test:properties`. */
const RUNS = Number(process.env.LONG_TEST_AMOUNT ?? 15)

test(
  'Whatever else happens, an undo takes back what the import alone did, and nothing else',
  async () => {
    const steps = fc.tuple(
      imported,
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.array(which, { maxLength: 3 }),
    )
    await fc.assert(
      fc.asyncProperty(steps, async ([first, others, undos]) => {
        const api = await service.addStore(organizationId)
        const ownerId = await ownerIdOf(service.pool, api)
        const scene: Scene = { api, ownerId, renewed: new Map(), imports: [] }
        for (const one of [first, ...others]) await doStep(scene, one)
        for (const one of undos) await doStep(scene, { do: 'undo', which: one })
      }),
      {
        numRuns: RUNS,
        ...(process.env.TEST_SEED !== undefined && { seed: Number(process.env.TEST_SEED) }),
        endOnFailure: process.env.LONG_TEST_AMOUNT === undefined,
      },
    )
  },
  300_000 + RUNS * 10_000,
)
