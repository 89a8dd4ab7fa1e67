import { type CopyColumn, CopyRows, type Selection } from '../db/copy.js'
import type { Client } from '../db/pool.js'
import type { NewRecords } from '../records/insert.js'
import { deleteSnapshots, type Element, insertSnapshots, resolveReferences } from '../records/references.js'
import type { Candidates } from './chunks.js'
import type { LineProblem } from './passes.js'
import { refTaken } from './problems.js'
import type { Job } from './queue.js'
import { lineOfRecord } from './record-id.js'
import { rehearse, rehearsedSources } from './rehearsal.js'

/** One attempt to write one chunk. */
export interface Writing {
  readonly client: Client
  readonly job: Job
  /** Whether an `external_ref` may be taken; if not, one that is taken is an error of the database. */
  readonly careful: boolean
  /** Since 1970: `created_at` of all that is written. */
  readonly milliseconds: number
  /** Of the chunk so far. */
  readonly problems: LineProblem[]
}

/** What became of a chunk's records of one type. */
export interface Added {
  /** Records that count as imported: added, or written into one that was there. */
  readonly imported: number
  /** Rows that there are more of now. */
  readonly inserted: number
  /** Records left out because their `external_ref` is there already, where that is what was asked for. */
  readonly skipped: number
  readonly conflicts: boolean
}

/** Adds what can be added of one type, as the import's `on_conflict` says, and appends to the problems what cannot. */
export async function addRecords(writing: Writing, candidates: Candidates): Promise<Added> {
  const { job, problems } = writing
  const { records } = candidates
  const out = new Set<number>()
  const elements = await resolve(writing, candidates, out)
  const rejected = out.size
  const repeated = candidates.mayRepeat ? repeatedRefs(records, out) : NONE_REPEATED
  for (const place of repeated.keys()) out.add(place)
  const updates = job.onConflict === 'update'
  // Of lines that share an `external_ref` the first is what is added, and the last is what it ends up as.
  const instead = new Map(updates ? [...repeated].map(([place, first]) => [first, place]) : [])
  const taken = await write(writing, records, { except: out, instead })
  const updated = updates ? taken : NONE_TAKEN
  if (!updates) for (const place of taken.keys()) out.add(place)
  if (job.onConflict === 'reject') {
    for (const [place, holderId] of taken) problems.push(takenBy(job, candidates, place, holderId))
    for (const [place, first] of repeated) {
      problems.push(takenBy(job, candidates, place, taken.get(first) ?? records.id(first)))
    }
  }
  if (!job.dryRun) {
    if (updates) await insertUpdates(writing, candidates, updated, repeated)
    const written = elements.map((own, place) => elements[instead.get(place) ?? place] ?? own)
    if (elements.length > 0) await writeSnapshots(writing, records, written, out, updated)
  }
  const kept = records.length - out.size
  return {
    imported: updates ? records.length - rejected : kept,
    inserted: kept - updated.size,
    skipped: job.onConflict === 'skip' ? taken.size + repeated.size : 0,
    conflicts: taken.size > 0,
  }
}

const NONE_TAKEN: ReadonlyMap<number, string> = new Map()
const NONE_REPEATED: ReadonlyMap<number, number> = new Map()

/** Returns, by place, the id of the record that has the `external_ref`: it was changed, or else is in the way. */
async function write(
  { client, job, careful }: Writing,
  records: NewRecords,
  selection: Selection,
): Promise<ReadonlyMap<number, string>> {
  if (job.dryRun) return await rehearse(client, job, records, selection.except)
  if (careful)
    return await (job.onConflict === 'update'
      ? records.upsert(client, selection)
      : records.insert(client, selection))
  await records.copy(client, selection)
  return NONE_TAKEN
}

/** By place, the elements that become each record's snapshots. Those with references that lead nowhere are left out. */
async function resolve(
  { client, job, problems }: Writing,
  candidates: Candidates,
  out: Set<number>,
): Promise<readonly ReadonlyMap<string, Element[]>[]> {
  const { records, referring } = candidates
  if (records.recordType.references.length === 0) return []
  const resolved = await resolveReferences(client, records.recordType, job.visibleOwnerIds, referring, {
    ...(job.dryRun && { further: (to, refs) => rehearsedSources(client, job, to, refs) }),
  })
  for (const [place, one] of resolved.entries()) {
    if (one.problems.length === 0) continue
    const at = { line: candidates.line(place), externalRef: records.externalRef(place) }
    for (const problem of one.problems) problems.push({ ...problem, ...at })
    out.add(place)
  }
  return resolved.map(({ elements }) => elements)
}

/** Of the records that share an `external_ref`, by the place of each but the first, the first one's place. In order. */
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
  const line = lineOfRecord(job.id, holderId)
  const holder = line === undefined ? `${records.recordType.noun} ${holderId}` : `line ${line}`
  return refTaken(candidates.line(place), records.externalRef(place) ?? '', holder)
}

/** @param updated the records among them that were there before: their snapshots are replaced. */
async function writeSnapshots(
  { client, job, milliseconds }: Writing,
  records: NewRecords,
  elements: readonly ReadonlyMap<string, Element[]>[],
  out: ReadonlySet<number>,
  updated: ReadonlyMap<number, string>,
): Promise<void> {
  const { recordType } = records
  const holders = elements.flatMap((own, place) =>
    out.has(place) ? [] : [{ id: updated.get(place) ?? records.id(place), elements: own }],
  )
  if (updated.size > 0) await deleteSnapshots(client, recordType, job.ownerId, [...updated.values()])
  await insertSnapshots(client, recordType, job.ownerId, milliseconds, holders)
}

const UPDATE_COLUMNS: readonly CopyColumn[] = [
  { name: 'owner_id', type: 'uuid' },
  { name: 'import_id', type: 'uuid' },
  { name: 'resource', type: 'text' },
  { name: 'line_number', type: 'bigint' },
  { name: 'record_id', type: 'uuid' },
]

/** Remembers which lines went into which records, where the record's id does not tell. */
async function insertUpdates(
  { client, job }: Writing,
  candidates: Candidates,
  updated: ReadonlyMap<number, string>,
  repeated: ReadonlyMap<number, number>,
): Promise<void> {
  const { records } = candidates
  const rows = new CopyRows(UPDATE_COLUMNS, [job.ownerId, job.id, records.recordType.table])
  for (const [place, id] of updated) rows.add([candidates.line(place).number, id])
  for (const [place, first] of repeated) {
    rows.add([candidates.line(place).number, updated.get(first) ?? records.id(first)])
  }
  if (rows.length > 0) await rows.copyTo(client, 'import_updates')
  rows.recycle()
}
