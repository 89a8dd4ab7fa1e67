import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { wholeNumber, wholeNumbers } from './arguments.js'
import { generatedFiles } from './files.js'
import { grouped, milliseconds, seconds } from './format.js'
import { thisMachine } from './machine.js'
import { importedProducts } from './products.js'
import { progressOnStderr } from './progress.js'
import type { Context, Measurement, Row } from './row.js'
import { importRow } from './rows/import.js'
import { listRows } from './rows/list.js'
import { stopSignal } from './stop-signal.js'
import { type Measured, showResults } from './table.js'
import { withTempFolder } from './temp-folder.js'

interface Options {
  readonly records: readonly number[]
  readonly runs: number
  readonly quick?: true
  readonly json?: string
}

/** What is measured, in the order of the table. A new measurement is a file in rows/ and a line here. */
const rowsFor = ({ records, quick }: Options): Row[] => [
  ...records.map(importRow),
  ...(quick ? [] : listRows(Math.max(...records))),
]

const command = new Command('bench')
  .description('Measures imports, each into a fresh database, and lists, and prints a table.')
  .option('--records <numbers>', 'the sizes of the files, in records', wholeNumbers, [50_000, 1_000_000])
  .option('--runs <number>', 'how often to measure everything', wholeNumber, 1)
  .addOption(
    new Option('--quick', 'measure an import of 50,000 records, once, and no lists').conflicts([
      'records',
      'runs',
    ]),
  )
  .option('--json <file>', 'write what every run took to a file as well')
  .addHelpText('after', '\nProgress goes to stderr, the table to stdout.')
  .parse()

const options = command.opts<Options>()
const signal = stopSignal()
try {
  await bench(options.quick ? { ...options, records: [50_000], runs: 1 } : options)
} catch (error) {
  if (signal.aborted) {
    process.stderr.write('Stopped; everything that was started is stopped and removed.\n')
    process.exitCode = 130
  } else {
    process.stderr.write(`bench: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

async function bench(given: Options): Promise<void> {
  const machine = await thisMachine()
  const { runs, json } = given
  const rows = rowsFor(given)
  const progress = progressOnStderr()
  const results = await withTempFolder((folder) => {
    const file = generatedFiles(folder, progress, signal)
    const products = importedProducts(folder, progress, signal)
    return measureAll(rows, runs, { file, products, signal, progress })
  }).finally(() => progress.close())
  process.stdout.write(`${showResults(machine, results)}\n`)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report(results), null, 2)}\n`)

  function report(measured: readonly Measured[]) {
    return {
      finishedAt: new Date().toISOString(),
      machine,
      rows: measured.map(({ row: { name, records }, runs }) => ({ name, records, runs })),
    }
  }
}

/**
 * Measures every row so many times. The runs are interleaved, all rows once and then all rows again, so that a machine
 * that is slower for a while is so for all of them.
 */
async function measureAll(rows: readonly Row[], runs: number, context: Context): Promise<Measured[]> {
  const results = rows.map((row) => ({ row, runs: [] as Measurement[] }))
  for (const row of rows) await row.prepare(context)
  for (let run = 1; run <= runs; run += 1) {
    for (const { row, runs: measured } of results) {
      context.signal.throwIfAborted()
      context.progress.begin(
        `run ${run} of ${runs}: ${row.name}, ${grouped(row.records)} records`,
        row.records,
      )
      const measurement = await row.measure(context)
      context.progress.end(outcome(measurement))
      measured.push(measurement)
    }
  }
  return results
}

/** What a run took, in the words of its line on stderr. */
function outcome({ wallSeconds, requestSeconds }: Measurement): string {
  const parts: string[] = []
  if (wallSeconds !== undefined) parts.push(seconds(wallSeconds))
  if (requestSeconds !== undefined) parts.push(`${milliseconds(requestSeconds)} a request`)
  return parts.join(', ')
}
