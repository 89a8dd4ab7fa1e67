import { expect } from 'vitest'
import type { PoolConnections } from '../../../../src/db/pool.js'
import type { Oracle, Stored } from './oracle.js'
import { FUTURE, type List, NOUNS, type Noun, PASSES, PAST, TABLES } from './records.js'

type Row = Readonly<Record<string, unknown>>

/** The tables of copies, by the type of their holder. */
const HELD: Readonly<Partial<Record<Noun, readonly List[]>>> = {
  offering: ['products', 'plans', 'features'],
  subscription: ['products', 'plans'],
}

const heldTables = (noun: Noun) => (HELD[noun] ?? []).map((list) => [list, `${noun}_${list}`] as const)

const ALL_TABLES = NOUNS.flatMap((noun) => [TABLES[noun], ...heldTables(noun).map(([, table]) => table)])

/** What follows from other columns, and has tests of its own. */
const DERIVED = ['invoice_after', 'closes_at', 'end_date', 'active_from', 'tag']

/**
 * Compares all that an owner has with the oracle, which learns the ids of what is new.
 */
export async function checkRows(pool: PoolConnections, ownerId: string, oracle: Oracle): Promise<void> {
  for (const noun of PASSES.flat()) {
    const stored = oracle.stored[noun]
    const rows = await rowsOf(pool, TABLES[noun], ownerId)
    expect(rows.length).toBe(stored.length)
    for (const [index, one] of stored.entries()) one.id = String(rows[index]?.id)
    for (const [list, table] of heldTables(noun)) {
      const copies = (await rowsOf(pool, table, ownerId)).sort(byHolder)
      const expected = [...stored].sort(byId).flatMap((holder) => {
        const held = holder.held.lists[list] ?? []
        return held.map((copy) => ({ holder_id: holder.id, copy }))
      })
      expect(copies.length).toBe(expected.length)
      for (const [index, { copy }] of expected.entries()) copy.id = String(copies[index]?.id)
      expect(copies).toEqual(
        expected.map(({ holder_id, copy: { id, attributes, source } }) => ({
          ...attributes,
          id,
          holder_id,
          ...(source && { source_id: source.id }),
        })),
      )
    }
    expect(rows).toEqual(stored.map(columnsOf))
    const { rows: totals } = await pool.query(
      'select total from totals where owner_id = $1 and resource = $2',
      [ownerId, TABLES[noun]],
    )
    expect(totals[0]?.total ?? 0).toBe(stored.length)
  }
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
const byHolder = (a: Row, b: Row) => (`${a.holder_id} ${a.id}` < `${b.holder_id} ${b.id}` ? -1 : 1)

/** The rows of an owner's table, in the order in which they were created, without what is null. */
async function rowsOf(pool: PoolConnections, table: string, ownerId: string): Promise<Row[]> {
  const { rows } = await pool.query(
    `select to_jsonb(t) - '{owner_id,created_at,updated_at,${DERIVED}}'::text[] as row
     from ${table} t where owner_id = $1 order by id`,
    [ownerId],
  )
  return rows.map(({ row }) =>
    Object.fromEntries(Object.entries(row).flatMap(([name, value]) => cell(name, value))),
  )
}

/** Times to the millisecond, as JavaScript writes them. */
function cell(name: string, value: unknown): [string, unknown][] {
  if (value === null) return []
  return /_(at|after)$/.test(name) ? [[name, new Date(String(value)).toISOString()]] : [[name, value]]
}

/** A record as its row shows it. */
function columnsOf({ id, attributes, held }: Stored): Row {
  const { products, plans, features, offering, offering_id, offering_external_ref, ...others } = attributes
  const { plan_id, selected_plan, ...own } = others
  if (!held.subscribed) return { ...own, id }
  const { source, offering: copied, plan } = held.subscribed
  const subscribed = {
    offering_id: source?.id ?? expect.stringMatching(/^[0-9a-f-]{36}$/),
    offering_name: copied.name,
    offering_external_ref: copied.external_ref,
    offering_description: copied.description,
    plan_id: plan.id,
    plan_unit: plan.attributes.billing_interval_type,
    plan_frequency: plan.attributes.billing_frequency,
    plan_length: plan.attributes.plan_length,
    plan_trial: plan.attributes.trial_period,
    plan_end: plan.attributes.end_behavior,
  }
  const all = Object.entries({ ...own, ...subscribed, id }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(all.map(([name, value]) => [name, stored(value)]))
}

const stored = (value: unknown): unknown => PAST.get(value as string) ?? FUTURE.get(value as string) ?? value

/** Waits until the rows of a rehearsal are gone: it may be answered as ended a moment before. */
export async function checkNothingLeft(pool: PoolConnections, rehearsalId: string): Promise<void> {
  const left = ALL_TABLES.map((table) => `select from ${table} where owner_id = $1`).join(' union all ')
  await expect.poll(async () => (await pool.query(left, [rehearsalId])).rowCount, { interval: 5 }).toBe(0)
}
