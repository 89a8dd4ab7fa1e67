import { grouped, megabytes, microseconds, perSecond, seconds } from './format.js'
import { type Base, type Figure, figure, limit, type Row, reading, sized } from './row.js'
import type { Trial } from './trial.js'
import { mixedFloor } from './trials/floor.js'
import { type ImportReadings, importTrial } from './trials/import.js'

/** The most memory that Node may take for ordinary files, in bytes. */
const MOST_MEMORY = 200e6

/** The most CPU time that Node and PostgreSQL may take together for a million records, in seconds. */
const MOST_CPU = 24

/** How much longer a record of a larger file may take, and how much more memory. */
const FLAT = { atMost: 1.1 }

/** The import of so many mixed records. */
export interface Import {
  readonly records: number
  readonly imported: Trial<ImportReadings>
}

export const mixedImport = (records: number): Import => ({ records, imported: importTrial({ records }) })

/** Seconds per record. */
export const perRecord = ({ imported, records }: Import): Figure =>
  reading(imported, ({ seconds }) => seconds / records)

export function comparedWithFloor({ records, imported }: Import): Row[] {
  const floorSeconds = figure(mixedFloor(records), 'seconds')
  return [
    { name: sized('floor: COPY of the same rows', records), measured: floorSeconds, show: seconds },
    {
      name: sized('import', records),
      measured: figure(imported, 'seconds'),
      show: seconds,
      base: { name: 'floor', figure: floorSeconds },
      target: { atMost: records < 1_000_000 ? 1.3 : 1 },
    },
    recordsASecond({ records, imported }),
  ]
}

const recordsASecond = ({ records, imported }: Import): Row => ({
  name: sized('records a second', records),
  measured: reading(imported, (one) => records / one.seconds),
  show: perSecond,
})

export const largeAgainstSmall = (large: Import, small: Import): Row[] => [
  timeARecord(large, small),
  ...peakMemory(large, small),
  {
    name: sized('peak memory of PostgreSQL', large.records),
    measured: figure(large.imported, 'postgresPeakBytes'),
    show: megabytes,
    base: of(small, figure(small.imported, 'postgresPeakBytes')),
  },
]

/** A file that is only imported: the floor for it, say, takes more disk and time than that is worth. */
export const hugeAgainstLarge = (huge: Import, large: Import): Row[] => [
  { name: sized('import', huge.records), measured: figure(huge.imported, 'seconds'), show: seconds },
  recordsASecond(huge),
  timeARecord(huge, large),
  ...peakMemory(huge, large),
]

const of = ({ records }: Import, figure: Figure): Base => ({ name: grouped(records), figure })

const timeARecord = (large: Import, small: Import): Row => ({
  name: sized('time a record', large.records),
  measured: perRecord(large),
  show: microseconds,
  base: of(small, perRecord(small)),
  target: FLAT,
})

function peakMemory(large: Import, small: Import): Row[] {
  const measured = figure(large.imported, 'nodePeakBytes')
  const row = { name: sized('peak memory of Node', large.records), measured, show: megabytes }
  return [
    { ...row, base: of(small, figure(small.imported, 'nodePeakBytes')), target: FLAT },
    { ...row, base: limit(MOST_MEMORY), target: { atMost: 1 } },
  ]
}

/** The CPU time of an import, for a million records. */
export function cpuTime({ records, imported }: Import): Row[] {
  const row = (of: string, read: (readings: ImportReadings) => number | undefined): Row => ({
    name: sized(`CPU a million records: ${of}`, records),
    measured: reading(imported, (readings) => aMillion(records, read(readings))),
    show: seconds,
  })
  return [
    {
      ...row('Node and PostgreSQL', ({ nodeCpuSeconds, postgresCpuSeconds }) =>
        nodeCpuSeconds === undefined || postgresCpuSeconds === undefined
          ? undefined
          : nodeCpuSeconds + postgresCpuSeconds,
      ),
      base: limit(MOST_CPU),
      target: { atMost: 1 },
    },
    row('Node', ({ nodeCpuSeconds }) => nodeCpuSeconds),
    row('PostgreSQL', ({ postgresCpuSeconds }) => postgresCpuSeconds),
  ]
}

const aMillion = (records: number, value: number | undefined): number | undefined =>
  value === undefined ? undefined : (value / records) * 1e6
