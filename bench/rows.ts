import { copiedRows } from './copied-rows.js'
import { grouped, megabytes, microseconds, milliseconds, perSecond, seconds } from './format.js'
import { type Figure, figure, greatest, limit, type Row, reading, sized } from './row.js'
import { secondOwners, severalOwners } from './rows-of-owners.js'
import { subscriptions } from './rows-of-subscriptions.js'
import type { Trial } from './trial.js'
import { floorTrial, mixedFloor } from './trials/floor.js'
import {
  type ImportReadings,
  importAfter,
  importTrial,
  mistakesImport,
  repeatedImport,
} from './trials/import.js'
import { listThroughput, listWhileImporting } from './trials/list-load.js'
import { BASE_RECORDS, listQuestions, listTrial } from './trials/lists.js'
import { ownersTrial } from './trials/owners.js'
import { singleInserts, singlePosts } from './trials/single-records.js'
import { undoTrial } from './trials/undo.js'
import { uploadTrial } from './trials/upload.js'
import { worstShapes } from './trials/worst-shapes.js'

/** The most memory that Node may take for ordinary files, in bytes. */
const MOST_MEMORY = 200e6

/** The same for files that were made to take as much as possible. */
const MOST_MEMORY_AT_WORST = 400e6

/** How long `/healthz` may take meanwhile, in seconds. */
const SLOWEST_HEALTH = 0.2

/** The rows of the table for files of these sizes, in the order in which they are measured and shown. */
export function rowsOf(sizes: readonly number[]): Row[] {
  const [small, large] = [Math.min(...sizes), Math.max(...sizes)]
  const imports = sizes.map((records) => ({
    records,
    floor: mixedFloor(records),
    imported: importTrial({ records }),
  }))
  const of = (records: number) => {
    const found = imports.find((one) => one.records === records)
    if (!found) throw new Error(`there is no import of ${records} records`)
    return found
  }
  return [
    ...imports.flatMap(comparedWithFloor),
    ...(large > small ? largeAgainstSmall(of(large), of(small)) : []),
    undone(of(large)),
    ...recordByRecord(of(small)),
    ...withProblems(of(small)),
    offerings(Math.ceil(small / 5)),
    ...subscriptions(Math.ceil(large / 5)),
    upload(Math.round(small * 0.9)),
    owners(small),
    ...severalOwners(small, perRecord(of(small))),
    ...secondOwners(Math.ceil(large / 5)),
    ...worst(),
    ...listsUnderLoad(large),
    ...(large > BASE_RECORDS ? lists(large) : []),
  ]
}

interface Import {
  readonly records: number
  readonly floor: Trial<{ readonly seconds: number }>
  readonly imported: Trial<ImportReadings>
}

/** Seconds per record. */
const perRecord = ({ imported, records }: Import): Figure =>
  reading(imported, ({ seconds }) => seconds / records)

function comparedWithFloor({ records, floor, imported }: Import): Row[] {
  const floorSeconds = figure(floor, 'seconds')
  return [
    { name: sized('floor: COPY of the same rows', records), measured: floorSeconds, show: seconds },
    {
      name: sized('import', records),
      measured: figure(imported, 'seconds'),
      show: seconds,
      base: { name: 'floor', figure: floorSeconds },
      target: { atMost: records < 1_000_000 ? 1.5 : 1.3 },
    },
    {
      name: sized('records a second', records),
      measured: reading(imported, (one) => records / one.seconds),
      show: perSecond,
    },
  ]
}

function largeAgainstSmall(large: Import, small: Import): Row[] {
  const memory = figure(large.imported, 'nodePeakBytes')
  const base = (of: (of: Import) => Figure) => ({ name: grouped(small.records), figure: of(small) })
  const target = { atMost: 1.1 }
  return [
    {
      name: sized('time a record', large.records),
      measured: perRecord(large),
      show: microseconds,
      base: base(perRecord),
      target,
    },
    {
      name: sized('peak memory of Node', large.records),
      measured: memory,
      show: megabytes,
      base: base(({ imported }) => figure(imported, 'nodePeakBytes')),
      target,
    },
    {
      name: sized('peak memory of Node', large.records),
      measured: memory,
      show: megabytes,
      base: limit(MOST_MEMORY),
      target: { atMost: 1 },
    },
    {
      name: sized('peak memory of PostgreSQL', large.records),
      measured: figure(large.imported, 'postgresPeakBytes'),
      show: megabytes,
      base: base(({ imported }) => figure(imported, 'postgresPeakBytes')),
    },
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

function undone(large: Import): Row {
  const trial = undoTrial(large.records)
  return comparedWithImport(large, trial, { atMost: 1 })
}

function recordByRecord(small: Import): Row[] {
  const [posts, inserts] = [singlePosts(small.records), singleInserts(small.records)]
  return [
    comparedWithImport(small, posts, { atLeast: 40 }),
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
    target: { atMost: 2 },
  }
}

function upload(records: number): Row {
  const trial = uploadTrial(records)
  return {
    name: sized('201 of an upload', records),
    measured: figure(trial, 'uploadSeconds'),
    show: milliseconds,
    base: { name: 'copy and sync', figure: figure(trial, 'copySeconds') },
    target: { atMost: 4 },
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
      target: { atLeast: 0.8 },
    },
    {
      name: sized('list: p99 during an import', large),
      measured: figure(importing, 'importSeconds'),
      show: milliseconds,
      base: { name: 'at rest', figure: figure(importing, 'restSeconds') },
      target: { atMost: 3 },
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
    target: { atMost: 3 },
  }))
}
