import { copiedRows } from './copied-rows.js'
import { grouped, megabytes, milliseconds, perSecond, seconds } from './format.js'
import { type Figure, figure, greatest, limit, type Row, reading, sized } from './row.js'
import {
  comparedWithFloor,
  cpuTime,
  hugeAgainstLarge,
  type Import,
  largeAgainstSmall,
  mixedImport,
  perRecord,
} from './rows-of-imports.js'
import { secondOwners, severalOwners } from './rows-of-owners.js'
import { peers } from './rows-of-peers.js'
import { subscriptions } from './rows-of-subscriptions.js'
import type { Trial } from './trial.js'
import { floorTrial } from './trials/floor.js'
import { importAfter, importTrial, mistakesImport, repeatedImport } from './trials/import.js'
import { listThroughput, listWhileImporting } from './trials/list-load.js'
import { BASE_RECORDS, COMMON_NAME, listQuestions, listTrial } from './trials/lists.js'
import { ownersTrial } from './trials/owners.js'
import { singleInserts, singlePosts } from './trials/single-records.js'
import { startTrial } from './trials/start.js'
import { undoTrial } from './trials/undo.js'
import { uploadTrial } from './trials/upload.js'
import { validateTrial } from './trials/validate.js'
import { worstShapes } from './trials/worst-shapes.js'

/** The most memory that Node may take for files that were made to take as much as possible, in bytes. */
const MOST_MEMORY_AT_WORST = 400e6

/** How long `/healthz` may take meanwhile, in seconds. */
const SLOWEST_HEALTH = 0.2

/** How long a start may take until requests are answered, in seconds: the first, which creates the database. */
const SLOWEST_FIRST_START = 1.5
const SLOWEST_START = 0.7

/** So many sizes are a small and a large file, and a huge one, which is only imported. */
const WITH_HUGE = 3

/** The rows of the table for files of these sizes, in the order in which they are measured and shown. */
export function rowsOf(sizes: readonly number[]): Row[] {
  const imports = sizes.toSorted((a, b) => a - b).map(mixedImport)
  const huge = imports.length < WITH_HUGE ? undefined : imports.pop()
  const [small, large] = [imports[0], imports.at(-1)]
  if (!small || !large) throw new RangeError('A table needs the size of a file.')
  return [
    ...imports.flatMap(comparedWithFloor),
    ...(large === small ? [] : largeAgainstSmall(large, small)),
    ...(huge ? hugeAgainstLarge(huge, large) : []),
    ...cpuTime(large),
    ...commands(large),
    undone(large),
    ...recordByRecord(small),
    ...peers(small.records, large.records),
    ...withProblems(small),
    offerings(Math.ceil(small.records / 5)),
    ...subscriptions(Math.ceil(large.records / 5)),
    upload(Math.round(small.records * 0.9)),
    owners(small.records),
    ...severalOwners(small.records, perRecord(small)),
    ...secondOwners(Math.ceil(large.records / 5)),
    ...worst(),
    ...listsUnderLoad(large.records),
    ...(large.records > BASE_RECORDS ? lists(large.records) : []),
  ]
}

/** A row that is compared with the clean import of as many records. */
const comparedWithImport = (
  { imported }: Import,
  trial: Trial<{ readonly seconds: number }>,
  target: NonNullable<Row['target']>,
): Row => ({
  name: sized(trial.name, trial.records),
  measured: figure(trial, 'seconds'),
  show: seconds,
  base: { name: 'import', figure: figure(imported, 'seconds') },
  target,
})

/** What is started by hand: the check of a file without a server, and a server. */
function commands(large: Import): Row[] {
  const start = startTrial()
  const started = (name: string, measured: Figure, longest: number): Row => ({
    name: `start to ready, ${name}`,
    measured,
    show: seconds,
    base: limit(longest),
    target: { atMost: 1 },
  })
  return [
    comparedWithImport(large, validateTrial(large.records), { atMost: 0.5 }),
    started('first', figure(start, 'firstSeconds'), SLOWEST_FIRST_START),
    started('later', figure(start, 'laterSeconds'), SLOWEST_START),
  ]
}

function undone(large: Import): Row {
  const trial = undoTrial(large.records)
  return comparedWithImport(large, trial, { atMost: 1 })
}

function recordByRecord(small: Import): Row[] {
  const [posts, inserts] = [singlePosts(small.records), singleInserts(small.records)]
  return [
    comparedWithImport(small, posts, { atLeast: 25 }),
    {
      name: sized('one POST a record: requests a second', small.records),
      measured: reading(posts, ({ seconds }) => small.records / seconds),
      show: perSecond,
    },
    comparedWithImport(small, inserts, { atLeast: 5 }),
  ]
}

function withProblems(small: Import): Row[] {
  const { records } = small
  const trials = [
    importTrial({ records, content: 'tenth-wrong' }, 'import, every tenth line wrong'),
    repeatedImport('import, every line a duplicate', { records, content: 'referenced' }),
    mistakesImport('import, mistakes.jsonl repeated', records),
  ]
  return trials.map((trial) => comparedWithImport(small, trial, { atMost: 1.5 }))
}

function offerings(records: number): Row {
  const [catalogue, file] = [
    { records, content: 'catalogue' },
    { records, content: 'offerings' },
  ] as const
  const floor = floorTrial('floor of offerings', records, (context) =>
    copiedRows(context, [catalogue, file], ['offerings', 'offering_products', 'offering_plans']),
  )
  const imported = importAfter('import of offerings', catalogue, file)
  return {
    name: sized('import of offerings', records),
    measured: figure(imported, 'seconds'),
    show: seconds,
    base: { name: 'floor', figure: figure(floor, 'seconds') },
    target: { atMost: 1.2 },
  }
}

function upload(records: number): Row {
  const trial = uploadTrial(records)
  return {
    name: sized('201 of an upload', records),
    measured: figure(trial, 'uploadSeconds'),
    show: milliseconds,
    base: { name: 'copy and sync', figure: figure(trial, 'copySeconds') },
    target: { atMost: 3 },
  }
}

function owners(records: number): Row {
  const trial = ownersTrial(records)
  return {
    name: sized('four imports at once, each', records),
    measured: figure(trial, 'atOnceSeconds'),
    show: seconds,
    base: { name: 'in turn', figure: figure(trial, 'inTurnSeconds') },
    target: { atMost: 1 },
  }
}

function worst(): Row[] {
  const trials = worstShapes()
  const ofAll = (name: 'nodePeakBytes' | 'healthSeconds') =>
    greatest(trials.map((trial) => figure(trial, name)))
  return [
    {
      name: 'peak memory, worst shape',
      measured: ofAll('nodePeakBytes'),
      show: megabytes,
      base: limit(MOST_MEMORY_AT_WORST),
      target: { atMost: 1 },
    },
    {
      name: '/healthz: p99, worst shape',
      measured: ofAll('healthSeconds'),
      show: milliseconds,
      base: limit(SLOWEST_HEALTH),
      target: { atMost: 1 },
    },
  ]
}

function listsUnderLoad(large: number): Row[] {
  const [throughput, importing] = [listThroughput(), listWhileImporting(large)]
  return [
    {
      name: 'list: requests a second',
      measured: figure(throughput, 'perSecond'),
      show: perSecond,
      base: { name: 'bare route', figure: figure(throughput, 'barePerSecond') },
      target: { atLeast: 1 },
    },
    {
      name: sized('list: p99 during an import', large),
      measured: figure(importing, 'importSeconds'),
      show: milliseconds,
      base: { name: 'at rest', figure: figure(importing, 'restSeconds') },
      target: { atMost: 1.5 },
    },
  ]
}

function lists(records: number): Row[] {
  const trial = listTrial(records)
  return listQuestions.map((name) => ({
    name: sized(name, records),
    measured: reading(trial, (lists) => lists.get(name)?.seconds),
    show: milliseconds,
    base: { name: grouped(BASE_RECORDS), figure: reading(trial, (lists) => lists.get(name)?.baseSeconds) },
    target: { atMost: name === COMMON_NAME ? 1.5 : 3 },
  }))
}
