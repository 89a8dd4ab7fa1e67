import type { CopyLoan } from '../../db/copy/buffers.js'
import type { Selection } from '../../db/copy/copy.js'
import { type Client, settled } from '../../db/pool.js'
import type { ColumnValue } from '../../records/columns.js'
import { SnapshotIds } from '../../records/content/snapshot-ids.js'
import { recordTypes } from '../../records/index.js'
import type { RecordType } from '../../records/record-type.js'
import type { NewRecords } from '../../records/write/insert.js'
import { type Holder, insertHeld } from '../../records/write/insert-held.js'
import { areRefsOnly, insertNamed } from '../../records/write/insert-named.js'
import type { Lock } from '../../records/write/references.js'
import { isReferring, type Referring } from '../../records/write/referring.js'
import { type Resolved, resolve } from '../../records/write/resolve.js'
import type { FanOut } from '../fan-out.js'
import type { LineProblem } from '../file/examine.js'
import type { Job } from '../queue/claim.js'
import { lineOfRecord } from '../record-id.js'
import { refTaken } from '../report/problems.js'
import type { Candidates } from './candidates.js'
import { takenThere } from './dry-run.js'

/** One attempt to write one chunk. */
export interface Writing {
  readonly client: Client
  readonly job: Job
  /** Whether to expect that an `external_ref` is taken; if not, a taken one is a database error. */
  readonly careful: boolean
  /** Whether to look up what is named before anything is added; if not, a missing one is NamedMissing. */
  readonly lookUpFirst: boolean
  /** Milliseconds since 1970: `created_at` of everything written. */
  readonly milliseconds: number
  /** Whose buffers are used on the way. */
  readonly loan: CopyLoan
  /** Told how many snapshots the records lead to. */
  readonly fanOut: FanOut
  /** Of what is copied. */
  readonly lock: Lock
}

/** The outcome of a chunk's records of one type. */
export interface Added {
  /** Records that count as imported: added, or written over one that was there. */
  readonly imported: number
  /** How many rows were added. */
  readonly inserted: number
  /** Of those that were there: how many were changed, and how many were equal already. */
  readonly updated: number
  readonly unchanged: number
  /** Records skipped because their `external_ref` already exists, if that was requested. */
  readonly skipped: number
  readonly conflicts: boolean
  /** What is wrong with those that could not be added. */
  readonly problems: readonly LineProblem[]
}

/**
 * Adds the records of one type whose `external_ref` is free. The others are rejected or skipped.
 *
 * @throws NamedMissing
 */
export async function addRecords(writing: Writing, candidates: Candidates): Promise<Added> {
  if (canNameAtOnce(writing, candidates)) return await addNaming(writing, candidates)
  const { client, job, careful, milliseconds } = writing
  const { records } = candidates
  const { resolved, problems, unresolved } = await resolveAll(writing, candidates)
  const out = new Set(unresolved)
  const repeated = candidates.mayRepeat ? repeatedRefs(records, out) : NONE_REPEATED
  for (const place of repeated.keys()) out.add(place)
  const there = job.dryRun ? await takenThere(client, job, records, out) : NONE_TAKEN
  for (const place of there.keys()) out.add(place)
  const all = resolved.map((held, place): Holder => holderOf(held, records.id(place), milliseconds))
  const selection: Selection = {
    except: out,
    ...(records.recordType.content && {
      lastValues: (place) => contentValuesOf(all[place]),
    }),
  }
  const writeRest = async (taken: Taken) => {
    const holders = all.filter((_, place) => !out.has(place) && !taken.has(place))
    if (job.dryRun && !isCopied(records.recordType)) return
    await insertHeld(client, records.recordType, job.rowsOwnerId, milliseconds, holders, writing.loan)
  }
  let written = NONE_TAKEN
  if (careful) {
    written = await records.insert(client, selection)
    await writeRest(written)
  } else await settled([records.copy(client, selection), writeRest(NONE_TAKEN)])

  const taken = there.size === 0 ? written : new Map([...written, ...there])
  if (job.onConflict === 'reject') {
    for (const [place, holderId] of taken) problems.push(takenBy(job, candidates, place, holderId))
    for (const [place, first] of repeated) {
      problems.push(takenBy(job, candidates, place, taken.get(first) ?? records.id(first)))
    }
  }
  return {
    ...allAdded(records.length - unresolved.length - repeated.size - taken.size),
    skipped: job.onConflict === 'skip' ? taken.size + repeated.size : 0,
    conflicts: written.size > 0,
    problems,
  }
}

const holderOf = ({ elements, content }: Resolved, id: string, milliseconds: number): Holder =>
  content ? { id, elements, content, ids: new SnapshotIds(milliseconds, id) } : { id, elements }

const contentValuesOf = (holder: Holder | undefined): readonly ColumnValue[] =>
  holder?.content && holder.ids ? holder.content.values(holder.ids) : []

const allAdded = (added: number): Added => ({
  imported: added,
  inserted: added,
  updated: 0,
  unchanged: 0,
  skipped: 0,
  conflicts: false,
  problems: [],
})

/** Whether all is expected to be there that the records name, and free what they are called. */
const canNameAtOnce = (
  { job, careful, lookUpFirst }: Writing,
  { records: { recordType }, referring, mayRepeat }: Candidates,
): boolean =>
  recordType.references.length > 0 &&
  !(careful || lookUpFirst || job.dryRun || mayRepeat) &&
  areRefsOnly(referring.map(({ lists }) => lists))

/** Adds records, and copies of what they name, without looking it up before. @throws NamedMissing */
async function addNaming(
  { client, job, milliseconds, loan }: Writing,
  { records, referring }: Candidates,
): Promise<Added> {
  const holders = referring.map(({ lists }, place) => ({ id: records.id(place), lists }))
  await settled([
    records.copy(client, { except: NONE_OUT }),
    insertNamed(client, records.recordType, job.ownerId, milliseconds, holders, loan),
  ])
  return allAdded(records.length)
}

const NONE_OUT: ReadonlySet<number> = new Set()

/** By place, the id of the record that has the `external_ref` already. */
type Taken = ReadonlyMap<number, string>

const NONE_TAKEN: Taken = new Map()
const NONE_REPEATED: ReadonlyMap<number, number> = new Map()

/** What the records of a chunk refer to. */
interface References {
  /** By place, what each record refers to. Empty for a type that refers to nothing. */
  readonly resolved: readonly Resolved[]
  /** The places of records that cannot be added, and their problems. */
  readonly unresolved: readonly number[]
  readonly problems: LineProblem[]
}

/** Resolves what a chunk's records of one type refer to. */
export async function resolveAll(writing: Writing, candidates: Candidates): Promise<References> {
  const { records, referring } = candidates
  const { recordType } = records
  if (!isReferring(recordType)) return { resolved: [], unresolved: [], problems: [] }
  const resolved = await resolveSome(writing, recordType, referring)
  const unresolved = resolved.flatMap((one, place) => (one.problems.length > 0 ? [place] : []))
  const problems = unresolved.flatMap((place) => {
    const at = {
      line: candidates.line(place),
      type: recordType.type,
      externalRef: records.externalRef(place),
    }
    return (resolved[place]?.problems ?? []).map((problem) => ({ ...problem, ...at }))
  })
  return { resolved, unresolved, problems }
}

/** Resolves what some records refer to. @returns by place */
export async function resolveSome(
  { client, job, fanOut, lock }: Writing,
  recordType: RecordType,
  referring: readonly Referring[],
): Promise<readonly Resolved[]> {
  if (referring.length === 0) return []
  const resolved = await resolve(client, recordType, job.visibleOwnerIds, referring, lock)
  const contents = resolved.flatMap(({ content }) => content ?? [])
  fanOut.saw(
    contents.length,
    contents.reduce((sum, { size }) => sum + size, 0),
  )
  return resolved
}

/**
 * For records that share an `external_ref`: the place of each except the first → the first one's place. In
 * order.
 */
function repeatedRefs(records: NewRecords, out: ReadonlySet<number>): Map<number, number> {
  const places = new Map<string, number>()
  const repeated = new Map<number, number>()
  for (let place = 0; place < records.length; place += 1) {
    const ref = records.externalRef(place)
    if (ref === undefined || out.has(place)) continue
    const first = places.get(ref)
    if (first === undefined) places.set(ref, place)
    else repeated.set(place, first)
  }
  return repeated
}

function takenBy(job: Job, candidates: Candidates, place: number, holderId: string): LineProblem {
  const { records } = candidates
  const { noun, type } = records.recordType
  const line = lineOfRecord(job.id, holderId)
  const holder = line === undefined ? `${noun} ${holderId}` : `line ${line}`
  const taken = { line: candidates.line(place), type, externalRef: records.externalRef(place) ?? '' }
  return { ...refTaken(taken, holder), usedBy: holderId }
}

/** Whether what its records hold is copied by others. */
const isCopied = (recordType: RecordType): boolean =>
  recordTypes.some(({ content }) => content?.to === recordType)
