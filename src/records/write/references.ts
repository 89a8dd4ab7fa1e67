import { getRandomValues } from 'node:crypto'
import sql, { raw } from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { type CopyColumn, CopyRows, type CopyValue } from '../../db/copy.js'
import type { CopyLoan } from '../../db/copy-buffers.js'
import { type Client, rows, settled } from '../../db/pool.js'
import { isAnyOf } from '../../db/ref-key.js'
import { addProblem, MAX_PROBLEMS, type Problem } from '../../schema/problem.js'
import { UUID_PATTERN } from '../../schema/uuid.js'
import { excerpt } from '../../text/text.js'
import { columnValue } from '../columns.js'
import type { RecordType, Reference } from '../record-type.js'

/** An inline record: only the values of its columns, without the rest of the line. */
export interface Inline {
  readonly values: readonly CopyValue[]
}

/** By attribute, a record's lists of references: texts that name records, and inline records. */
export type ReferenceLists = Readonly<Record<string, readonly (string | Inline)[]>>

/** Takes the lists of references out of valid attributes. An absent one counts as empty. */
export function referenceLists(
  { references }: RecordType,
  attributes: Readonly<Record<string, unknown>>,
): ReferenceLists {
  return Object.fromEntries(
    references.map(({ attribute, to }) => {
      const list = (attributes[attribute] ?? []) as readonly (string | Readonly<Record<string, unknown>>)[]
      return [attribute, list.map((element) => (typeof element === 'string' ? element : inline(to, element)))]
    }),
  )
}

const inline = ({ columns }: RecordType, attributes: Readonly<Record<string, unknown>>): Inline => ({
  values: columns.map((column) => columnValue(column, attributes)),
})

/** One element of a list of references, as it will become a snapshot. */
export type Element = { readonly sourceId: string; readonly sourceOwnerId: string } | Inline

/** The resolved references of one record. */
export interface Resolved {
  readonly problems: Problem[]
  /** The references among them that lead nowhere, as they were given. */
  readonly missing: string[]
  /** By the references' attribute, in the order of the list. */
  readonly elements: Map<string, Element[]>
}

/** What a reference leads to. */
export interface Source {
  readonly id: string
  readonly owner_id: string
}

interface LookUp {
  readonly by?: 'id or external_ref' | 'id'
  /** Finds what an `external_ref` leads to outside the tables of records. It takes precedence. */
  readonly further?: (to: RecordType, refs: readonly string[]) => Promise<ReadonlyMap<string, Source>>
}

/** How many references, or bytes of inline records, a statement looks up or writes at a time, which bounds the memory for it.
 */
const SLICE = 5000
const SLICE_BYTES = 2 ** 20

/**
 * Looks up every record that these lists refer to, among those visible to the owner: by id, or else by
 * `external_ref`, the owner's own before its organization's (contract 8). The records found stay locked
 * against deletion until the transaction ends.
 */
export async function resolveReferences(
  client: Client,
  { references }: RecordType,
  visibleOwnerIds: readonly string[],
  records: readonly ReferenceLists[],
  lookUp: LookUp = {},
): Promise<Resolved[]> {
  const resolved: Resolved[] = records.map(() => ({ problems: [], missing: [], elements: new Map() }))
  const lookedUp = await settled(
    references.map(async (reference) => {
      const lists = records.map((record) => record[reference.attribute] ?? [])
      return {
        reference,
        lists,
        sources: await sourcesOf(client, reference.to, visibleOwnerIds, lists, lookUp),
      }
    }),
  )
  for (const { reference, lists, sources } of lookedUp) {
    for (const [place, list] of lists.entries()) {
      const one = resolved[place]
      if (one) one.elements.set(reference.attribute, toElements(reference, list, sources, one))
    }
  }
  return resolved
}

/** What the texts of these lists lead to. */
async function sourcesOf(
  client: Client,
  to: RecordType,
  visibleOwnerIds: readonly string[],
  lists: readonly (readonly (string | Inline)[])[],
  { by = 'id or external_ref', further }: LookUp,
): Promise<ReadonlyMap<string, Source>> {
  const unique = new Set<string>()
  for (const list of lists) for (const element of list) if (typeof element === 'string') unique.add(element)
  const texts = [...unique]
  const all = new Map<string, Source>()
  for (let start = 0; start < texts.length; start += SLICE) {
    const slice = texts.slice(start, start + SLICE)
    const [sources, others] = await settled([
      findSources(client, to, visibleOwnerIds, slice, by),
      further ? further(to, slice) : NO_OTHERS,
    ])
    for (const [ref, source] of sources) all.set(ref, source)
    // An id takes precedence over an external_ref with the same text.
    for (const [ref, source] of others) if (all.get(ref)?.id !== ref.toLowerCase()) all.set(ref, source)
  }
  return all
}

const NO_OTHERS: Promise<ReadonlyMap<string, Source>> = Promise.resolve(new Map())

async function findSources(
  client: Client,
  { table }: RecordType,
  visibleOwnerIds: readonly string[],
  texts: readonly string[],
  by: NonNullable<LookUp['by']>,
): Promise<Map<string, Source>> {
  const sources = new Map<string, Source>()
  const ids = texts.filter((text) => UUID_PATTERN.test(text))
  if (ids.length > 0) {
    const found = await rows<Source & { text: string }>(
      client,
      sql`
        select r.text, t.id, t.owner_id
        from unnest(${ids}::text[]) as r(text) join ${raw(table)} t on t.id = r.text::uuid
        where t.owner_id = any(${visibleOwnerIds}::uuid[]) and t.id = any(${ids}::uuid[])
        for key share of t`,
    )
    for (const source of found) sources.set(source.text, source)
  }
  const refs = by === 'id' ? [] : texts.filter((text) => !sources.has(text))
  if (refs.length > 0) {
    const found = await rows<Source & { external_ref: string }>(
      client,
      sql`
        select t.external_ref, t.id, t.owner_id
        from ${raw(table)} t
        where t.owner_id = any(${visibleOwnerIds}::uuid[]) and ${isAnyOf(sql`t.external_ref`, refs)}
        for key share of t`,
    )
    // The owner comes first among those that are visible to it: its own records win.
    const rank = ({ owner_id }: Source) => visibleOwnerIds.indexOf(owner_id)
    for (const source of found.sort((a, b) => rank(b) - rank(a))) sources.set(source.external_ref, source)
  }
  return sources
}

/** Turns a list of references into elements, and adds those that lead nowhere, or to the same record twice, to the problems.
 *
 * @param sources what was found, by the reference as given.
 */
export function toElements(
  { attribute, to }: Reference,
  list: readonly (string | Inline)[],
  sources: ReadonlyMap<string, Source>,
  { problems, missing }: Pick<Resolved, 'problems' | 'missing'>,
): Element[] {
  const seen = new Map<string, number>()
  return list.flatMap((element, index): Element[] => {
    if (typeof element !== 'string') return [element]
    const field = `${attribute}[${index}]`
    const source = sources.get(element)
    if (!source) {
      addProblem(problems, { field, error: `${to.noun} "${excerpt(element)}" was not found` })
      if (missing.length < MAX_PROBLEMS) missing.push(element)
      return []
    }
    const before = seen.get(source.id)
    if (before !== undefined) {
      addProblem(problems, {
        field,
        error: `${to.noun} "${excerpt(element)}" is already named by ${attribute}[${before}]`,
      })
      return []
    }
    seen.set(source.id, index)
    return [{ sourceId: source.id, sourceOwnerId: source.owner_id }]
  })
}

/** One record with the elements that become its snapshots. */
export interface Holder {
  readonly id: string
  readonly elements: ReadonlyMap<string, readonly Element[]>
}

/**
 * Writes the snapshots of records that were just added: copies of what they refer to, as it is now, and their
 * inline records. Their ids ascend in the order of the list.
 *
 * @param loan whose buffers are used on the way
 */
export async function insertSnapshots(
  client: Client,
  { references }: RecordType,
  ownerId: string,
  milliseconds: number,
  holders: readonly Holder[],
  loan?: CopyLoan,
): Promise<void> {
  await settled(
    references.map((reference) => insertSnapshotsOf(client, reference, ownerId, milliseconds, holders, loan)),
  )
}

async function insertSnapshotsOf(
  client: Client,
  reference: Reference,
  ownerId: string,
  milliseconds: number,
  holders: readonly Holder[],
  loan: CopyLoan | undefined,
): Promise<void> {
  const columns = [...SNAPSHOT_COLUMNS, ...reference.to.columns]
  let copies: Copy[] = []
  const within = new CopyRows(columns, [ownerId, null, milliseconds, milliseconds], loan)
  const write = async () => {
    await settled([
      insertCopies(client, reference, ownerId, milliseconds, copies),
      within.copyTo(client, reference.table),
    ])
    copies = []
    within.clear()
  }
  for (const { id: holderId, elements } of holders) {
    for (const [seq, element] of (elements.get(reference.attribute) ?? []).entries()) {
      const id = uuidv7({ msecs: milliseconds, seq, random: randomBytes() })
      if ('sourceId' in element) copies.push({ holderId, id, ...element })
      else within.add([holderId, id, ...element.values])
      if (copies.length + within.length < SLICE && within.bytes < SLICE_BYTES) continue
      await write()
    }
  }
  await write()
}

/** Deletes all snapshots that records hold. */
export async function deleteSnapshots(
  client: Client,
  { references }: RecordType,
  ownerId: string,
  ids: readonly string[],
): Promise<void> {
  await settled(
    references.map(({ table }) =>
      client.query(
        sql`delete from ${raw(table)} where owner_id = ${ownerId} and holder_id = any(${ids}::uuid[])`,
      ),
    ),
  )
}

const SNAPSHOT_COLUMNS: readonly CopyColumn[] = [
  { name: 'owner_id', type: 'uuid' },
  { name: 'source_id', type: 'uuid' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'updated_at', type: 'timestamptz' },
  { name: 'holder_id', type: 'uuid' },
  { name: 'id', type: 'uuid' },
]

interface Copy {
  readonly holderId: string
  readonly id: string
  readonly sourceId: string
  readonly sourceOwnerId: string
}

async function insertCopies(
  client: Client,
  { to, table }: Reference,
  ownerId: string,
  milliseconds: number,
  copies: readonly Copy[],
): Promise<void> {
  if (copies.length === 0) return
  const createdAt = new Date(milliseconds).toISOString()
  const names = to.columns.map(({ name }) => name)
  // "offset 0" makes PostgreSQL look up each original by its key. With a join, the planner would read the
  // whole table for each chunk.
  await client.query(sql`
    insert into ${raw(table)} (owner_id, holder_id, id, source_id, created_at, updated_at, ${raw(names.join(', '))})
    select ${ownerId}::uuid, r.holder_id, r.id, t.id, ${createdAt}::timestamptz, ${createdAt}::timestamptz,
           ${raw(names.map((name) => `t.${name}`).join(', '))}
    from unnest(${copies.map(({ holderId }) => holderId)}::uuid[], ${copies.map(({ id }) => id)}::uuid[],
                ${copies.map(({ sourceOwnerId }) => sourceOwnerId)}::uuid[], ${copies.map(({ sourceId }) => sourceId)}::uuid[])
           as r(holder_id, id, source_owner_id, source_id)
    cross join lateral (
      select * from ${raw(to.table)} o where o.owner_id = r.source_owner_id and o.id = r.source_id offset 0
    ) as t`)
}

/**
 * Random bytes are requested in bulk: sixteen for each snapshot at a time would take longer than all the
 * rest.
 */
const RANDOM_BYTES = 16 * 512

let random = new Uint8Array()
let randomUsed = 0

function randomBytes(): Uint8Array {
  if (randomUsed === random.length) {
    random = getRandomValues(new Uint8Array(RANDOM_BYTES))
    randomUsed = 0
  }
  randomUsed += 16
  return random.subarray(randomUsed - 16, randomUsed)
}
