import Table from 'cli-table3'
import { gibibytes, grouped, mebibytes, milliseconds, seconds } from './format.js'
import type { Machine } from './machine.js'
import type { Measurement, Row } from './row.js'

/** A row and what its runs took, in the order in which they ran; one at least. */
export interface Measured {
  readonly row: Row
  readonly runs: readonly Measurement[]
}

/** The middle one of some numbers, or the mean of the two in the middle. @throws RangeError if there is none */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  if (low === undefined || high === undefined) throw new RangeError('No numbers have no median.')
  return (low + high) / 2
}

interface Column {
  readonly head: string
  readonly cell: (measured: Measured) => string
}

const columns: readonly Column[] = [
  { head: 'measurement', cell: ({ row }) => row.name },
  { head: 'records', cell: ({ row }) => grouped(row.records) },
  { head: 'wall time', cell: ({ runs }) => medianAndRange(runs, 'wallSeconds', seconds) },
  { head: 'upload until 201', cell: ({ runs }) => medianAndRange(runs, 'uploadSeconds', seconds) },
  { head: 'records/s', cell: recordsPerSecond },
  { head: 'peak Node', cell: ({ runs }) => most(runs, 'nodePeakBytes') },
  { head: 'peak PostgreSQL', cell: ({ runs }) => most(runs, 'postgresPeakBytes') },
  { head: 'a request', cell: ({ runs }) => medianAndRange(runs, 'requestSeconds', milliseconds) },
  { head: 'compared with', cell: ({ runs }) => medianAndRange(runs, 'baseSeconds', milliseconds) },
  { head: 'ratio', cell: ratio },
]

/** The machine in a line, and the table. Times of several runs are `median (least – most)`, memory is the most of all. */
export function showResults(machine: Machine, results: readonly Measured[]): string {
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  })
  for (const measured of results) table.push(columns.map(({ cell }) => cell(measured)))
  return `${showMachine(machine)}\n${table.toString()}`
}

const showMachine = ({ cpu, cores, memoryBytes, system, node, postgres }: Machine): string =>
  `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${gibibytes(memoryBytes)} of memory, ${system}, Node ${node}, PostgreSQL ${postgres}`

/** What a column shows that a row has nothing for. */
const NOTHING = '–'

const valuesOf = (runs: readonly Measurement[], key: keyof Measurement): number[] =>
  runs.flatMap((run) => run[key] ?? [])

function medianAndRange(
  runs: readonly Measurement[],
  key: keyof Measurement,
  show: (value: number) => string,
): string {
  const values = valuesOf(runs, key)
  if (values.length === 0) return NOTHING
  const middle = show(median(values))
  return values.length === 1
    ? middle
    : `${middle} (${show(Math.min(...values))} – ${show(Math.max(...values))})`
}

function recordsPerSecond({ row, runs }: Measured): string {
  const values = valuesOf(runs, 'wallSeconds')
  return values.length === 0 ? NOTHING : grouped(row.records / median(values))
}

function ratio({ row: { targetRatio }, runs }: Measured): string {
  const shown = medianAndRange(runs, 'ratio', (value) => value.toFixed(2))
  return targetRatio === undefined ? shown : `${shown}, target ≤ ${targetRatio}`
}

function most(runs: readonly Measurement[], key: keyof Measurement): string {
  const values = valuesOf(runs, key)
  return values.length === 0 ? NOTHING : mebibytes(Math.max(...values))
}
