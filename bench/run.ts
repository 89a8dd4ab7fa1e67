import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { wholeNumber, wholeNumbers } from './arguments.js'
import { grouped, seconds } from './format.js'
import { type Machine, thisMachine } from './machine.js'
import { progressOnStderr } from './progress.js'
import { chosen, type Row, type Run, ratioOf } from './row.js'
import { rowsOf } from './rows.js'
import { withFreshServer } from './server.js'
import { stopSignal } from './stop-signal.js'
import { withNewStore } from './stores.js'
import { showResults } from './table.js'
import { withTempFolder } from './temp-folder.js'
import { type Context, madeOnce, type Trial } from './trial.js'

interface Options {
  readonly records: readonly number[]
  readonly runs: number
  readonly quick?: boolean
  readonly only?: readonly string[]
  readonly json?: string
}

/** The sizes for checking that everything works. */
const QUICK = { records: [500, 2000], runs: 1 }

const command = new Command('bench')
  .description('Measures imports, and the API beside them, and prints a table with the targets.')
  .option('--records <numbers>', 'the sizes of the files, in records', wholeNumbers, [50_000, 1_000_000])
  .option('--runs <number>', 'how often to measure everything', wholeNumber, 5)
  .addOption(
    new Option('--quick', 'measure everything once with small files, to see that it works').conflicts([
      'records',
      'runs',
    ]),
  )
  .option('--only <texts...>', 'only what the rows whose name has one of these texts need')
  .option('--json <file>', 'write what every run took to a file as well')
  .addHelpText(
    'after',
    '\nProgress goes to stderr, the table to stdout. A target that is missed says so in it.',
  )
  .parse()

const options = command.opts<Options>()
const signal = stopSignal()
try {
  await bench(options.quick ? { ...options, ...QUICK } : options)
} catch (error) {
  if (signal.aborted) {
    process.stderr.write('Stopped. Everything that was started has been stopped and removed.\n')
    process.exitCode = 130
  } else {
    process.stderr.write(`bench: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

async function bench({ records, runs, quick = false, only = [''], json }: Options): Promise<void> {
  const machine = await thisMachine()
  const { trials, rows } = chosen(rowsOf([...new Set(records)]), ...only)
  if (rows.length === 0) throw new Error(`no row's name has ${quotedAny(only)}`)
  const progress = progressOnStderr()
  const measured = await withTempFolder((folder) => {
    const context = { folder, once: madeOnce(), quick, signal, progress }
    // A start takes longer than what a trial does with small files.
    return quick
      ? withFreshServer((server) =>
          measureAll(trials, runs, { ...context, withEmptyServer: (use) => withNewStore(server, use) }),
        )
      : measureAll(trials, runs, { ...context, withEmptyServer: withFreshServer })
  }).finally(() => progress.close())
  process.stdout.write(`${showResults(machine, rows, measured)}\n`)
  if (quick) process.stdout.write('This shows that everything works. Files this small measure nothing.\n')
  if (json !== undefined)
    await writeFile(json, `${JSON.stringify(report(machine, rows, measured), null, 2)}\n`)
}

const quotedAny = (texts: readonly string[]): string => texts.map((text) => `"${text}"`).join(' or ')

/**
 * Measures every trial a number of times. The runs are interleaved, all trials once and then all trials
 * again, so that a machine that is slow for a while is slow for all of them.
 */
async function measureAll(trials: readonly Trial[], runs: number, context: Context): Promise<Run[]> {
  for (const trial of trials) await trial.prepare(context)
  const measured: Run[] = []
  for (let run = 1; run <= runs; run += 1) {
    const readings = new Map<Trial, unknown>()
    for (const trial of trials) {
      context.signal.throwIfAborted()
      const { name, records } = trial
      const what = records === 0 ? name : `${name}, ${grouped(records)} records`
      context.progress.begin(`run ${run} of ${runs}: ${what}`, records)
      const start = performance.now()
      readings.set(trial, await trial.measure(context))
      context.progress.end(`${seconds((performance.now() - start) / 1000)} with all that belongs to it`)
    }
    measured.push(runOf(readings))
  }
  return measured
}

function runOf(readings: ReadonlyMap<Trial, unknown>): Run {
  return {
    of<Readings>(trial: Trial<Readings>) {
      if (!readings.has(trial)) throw new Error(`${trial.name} was not measured`)
      return readings.get(trial) as Readings
    },
  }
}

/** The readings of each run, in seconds, bytes or a rate per second. */
function report(machine: Machine, rows: readonly Row[], runs: readonly Run[]) {
  return {
    finishedAt: new Date().toISOString(),
    machine,
    rows: rows.map((row) => ({
      name: row.name,
      comparedWith: row.base?.name,
      target: row.target,
      runs: runs.map((run) => ({
        measured: row.measured.of(run),
        base: row.base?.figure.of(run),
        ratio: ratioOf(row, run),
      })),
    })),
  }
}
