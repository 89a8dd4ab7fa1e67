import Table from 'cli-table3'
import { gibibytes, times } from './format.js'
import type { Machine } from './machine.js'
import { meets, type Row, type Run, ratioOf } from './row.js'
import { median } from './statistics.js'

interface Column {
  readonly head: string
  readonly cell: (row: Row, runs: readonly Run[]) => string
}

/** What a column shows if a row has nothing for it. */
const NOTHING = '–'

const columns: readonly Column[] = [
  { head: 'measurement', cell: ({ name }) => name },
  {
    head: 'measured',
    cell: ({ measured, show }, runs) => medianAndRange(known(runs.map((run) => measured.of(run))), show),
  },
  { head: 'compared with', cell: comparedWith },
  { head: 'ratio', cell: (row, runs) => medianAndRange(ratiosOf(row, runs), times) },
  { head: 'target', cell: targetOf },
]

/** The machine in a line, and the table. For several runs: `median (least – most)`. */
export function showResults(machine: Machine, rows: readonly Row[], runs: readonly Run[]): string {
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: ['left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push(columns.map(({ cell }) => cell(row, runs)))
  return `${showMachine(machine)}\n${table.toString()}`
}

const showMachine = ({ cpu, cores, memoryBytes, system, node, postgres }: Machine): string =>
  `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${gibibytes(memoryBytes)} of memory, ${system}, Node ${node}, PostgreSQL ${postgres}`

const known = (values: readonly (number | undefined)[]): number[] =>
  values.filter((value) => value !== undefined)

const ratiosOf = (row: Row, runs: readonly Run[]): number[] => known(runs.map((run) => ratioOf(row, run)))

/** `0.73 s (0.71 – 0.80)`: the unit once. */
function medianAndRange(values: readonly number[], show: (value: number) => string): string {
  if (values.length === 0) return NOTHING
  const middle = show(median(values))
  if (values.length === 1) return middle
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => show(value).split(' ')[0])
  return `${middle} (${least} – ${most})`
}

function comparedWith({ base, show }: Row, runs: readonly Run[]): string {
  if (!base) return NOTHING
  const values = known(runs.map((run) => base.figure.of(run)))
  return `${base.name}: ${values.length === 0 ? NOTHING : show(median(values))}`
}

/** The target of the ratio, and whether the median misses it. */
function targetOf(row: Row, runs: readonly Run[]): string {
  const { target } = row
  if (!target) return NOTHING
  const ratios = ratiosOf(row, runs)
  const shown = 'atMost' in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`
  return ratios.length === 0 || meets(target, median(ratios)) ? shown : `${shown} miss`
}
