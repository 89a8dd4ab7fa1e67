import type { PoolConnections } from '../../../../src/db/pool.js'
import { type List, NOUNS, type Noun, PASSES, TABLES } from '../../work/properties/records.js'

/*
 * What an undo has to do, from nothing but what the tables of a store were before the import, after it, and before the
 * undo.
 */

/** A record's row, and the rows that belong to it, as JSON. */
export interface Stored {
  readonly noun: Noun
  readonly id: string
  readonly row: Readonly<Record<string, unknown>>
  readonly rest: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
}

/** All records of a store, by id. */
export type State = ReadonlyMap<string, Stored>

const BELONGING: Readonly<Record<Noun, readonly string[]>> = {
  product: [],
  plan: [],
  subscriber: [],
  feature: [],
  offering: ['offering_products', 'offering_plans', 'offering_features'],
  subscription: ['subscription_products', 'subscription_plans', 'subscription_states'],
}

export async function stateOf(pool: PoolConnections, ownerId: string): Promise<State> {
  const state = new Map<string, Stored>()
  for (const noun of NOUNS) {
    const rest = BELONGING[noun].map(
      (table) => `'${table}', (
        select coalesce(json_agg(to_jsonb(s) order by s.id), '[]') from ${table} s
        where s.owner_id = t.owner_id and s.holder_id = t.id)`,
    )
    const { rows } = await pool.query(
      `select t.id, to_jsonb(t) as row, json_build_object(${rest.join(', ')}) as rest from ${TABLES[noun]} t
       where t.owner_id = $1`,
      [ownerId],
    )
    for (const { id, row, rest: belonging } of rows) state.set(id, { noun, id, row, rest: belonging })
  }
  return state
}

/** The states around an import. */
export interface Around {
  readonly before: State
  readonly after: State
}

export interface Expected {
  /** The state after the undo; a record that is restored has another `updated_at` then. */
  readonly state: State
  readonly restored: ReadonlySet<string>
  /** By noun. */
  readonly counts: Readonly<Record<'removed' | 'restored' | 'kept', ReadonlyMap<Noun, number>>>
  /** Why, by id. */
  readonly kept: ReadonlyMap<string, 'changed' | 'held' | 'deleted'>
}

/** Times that undos gave to records → those that the records had when an import had written what they are again. */
export type Renewed = Map<string, string>

/** A record as a text, with the time at which its values were first written. */
function version(stored: Stored | undefined, renewed: Renewed): string | undefined {
  if (!stored) return undefined
  let at = String(stored.row.updated_at)
  for (let old = renewed.get(at); old !== undefined; old = renewed.get(at)) at = old
  return JSON.stringify([{ ...stored.row, updated_at: at }, stored.rest])
}

const LISTS_OF: readonly List[] = ['products', 'plans', 'features']

/** What a record holds, by id. */
function heldBy({ noun, row, rest }: Stored): unknown[] {
  if (noun === 'subscription') return [row.offering_id]
  if (noun !== 'offering') return []
  return LISTS_OF.flatMap((list) => (rest[`offering_${list}`] ?? []).map(({ source_id }) => source_id))
}

/** What taking an import back leads to now. */
export function expectedUndo({ before, after }: Around, now: State, renewed: Renewed): Expected {
  const state = new Map(now)
  const restored = new Set<string>()
  const kept = new Map<string, 'changed' | 'held' | 'deleted'>()
  const counts = {
    removed: new Map<Noun, number>(),
    restored: new Map<Noun, number>(),
    kept: new Map<Noun, number>(),
  }
  const count = (what: keyof typeof counts, noun: Noun) =>
    counts[what].set(noun, (counts[what].get(noun) ?? 0) + 1)
  // Of each pass, the last first: what was changed, then what was added.
  for (const nouns of [...PASSES].reverse()) {
    const touched = [...after.values()].filter(
      (one) => nouns.includes(one.noun) && version(one, renewed) !== version(before.get(one.id), renewed),
    )
    for (const { id, noun } of touched.filter((one) => before.has(one.id))) {
      const isSame = version(now.get(id), renewed) === version(after.get(id), renewed)
      const was = before.get(id)
      if (isSame && was) {
        state.set(id, was)
        restored.add(id)
        count('restored', noun)
      } else {
        kept.set(id, now.has(id) ? 'changed' : 'deleted')
        count('kept', noun)
      }
    }
    const held = new Set([...state.values()].flatMap(heldBy))
    for (const { id, noun } of touched.filter((one) => !before.has(one.id) && now.has(one.id))) {
      const isSame = version(now.get(id), renewed) === version(after.get(id), renewed)
      if (isSame && !held.has(id)) {
        state.delete(id)
        count('removed', noun)
      } else {
        kept.set(id, isSame ? 'held' : 'changed')
        count('kept', noun)
      }
    }
  }
  return { state, restored, counts, kept }
}
