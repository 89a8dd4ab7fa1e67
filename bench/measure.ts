// Repeats the measurements behind some of the decisions (docs/decisions): `npm run bench:measure --
// foreign-key`. Each prints medians of several runs; look at the ratios, since other programs slow the
// machine. Everything runs in a separate embedded PostgreSQL, which is removed at the end.
import { join } from 'node:path'
import { Argument, Command } from 'commander'
import { type DataDir, openDataDir } from '../src/data-dir/data-dir.js'
import { startEmbeddedPostgres } from '../src/data-dir/postgres/embedded.js'
import type { Connection } from '../src/db/connection.js'
import { createPool, type Pool } from '../src/db/pool.js'
import { wholeNumber } from './arguments.js'
import { noTimes, show, timed } from './measurements/compare.js'
import { foreignKey, ids, returning, totals } from './measurements/statements.js'
import { validation } from './measurements/validation.js'
import { worker } from './measurements/worker.js'
import { withServer } from './server.js'
import { withTempFolder } from './temp-folder.js'

type Measurement = (runs: number) => Promise<void>

/** Measures on a migrated database that nothing else uses. */
const onDatabase =
  (measure: (pool: Pool, runs: number, connection: Connection, dataDir: DataDir) => Promise<void>) =>
  (runs: number): Promise<void> =>
    withTempFolder(async (folder) => {
      const path = join(folder, 'data')
      // The service migrates it, and creates the default store and the folder of uploads.
      await withServer(path, async () => {})
      const dataDir = await openDataDir(path)
      const postgres = await startEmbeddedPostgres(dataDir.path)
      const pool = createPool(postgres.connection, 10, () => {})
      try {
        await measure(pool, runs, postgres.connection, dataDir)
      } finally {
        await pool.end()
        await postgres.stop()
        await dataDir.release()
      }
    })

/** 0001: the first start of the embedded PostgreSQL, and a later one. */
async function start(runs: number): Promise<void> {
  const variants = ['first start', 'later start']
  const times = noTimes(variants)
  for (let run = 0; run < runs; run += 1) {
    await withTempFolder(async (folder) => {
      for (const variant of variants) {
        let stop = async () => {}
        times[variant]?.push(
          await timed(async () => {
            const postgres = await startEmbeddedPostgres(folder)
            stop = () => postgres.stop()
          }),
        )
        await stop()
      }
    })
  }
  show(times)
}

const measurements: Readonly<Record<string, Measurement>> = {
  start,
  ids: onDatabase(ids),
  'foreign-key': onDatabase(foreignKey),
  returning: onDatabase(returning),
  totals: onDatabase(totals),
  worker: onDatabase((pool, runs, connection, dataDir) => worker(pool, connection, dataDir, runs)),
  validation,
}

const command = new Command('measure')
  .description('Repeats the measurement behind a decision (docs/decisions).')
  .addArgument(new Argument('<what>', 'what is measured').choices(Object.keys(measurements)))
  .option('--runs <number>', 'how many runs', wholeNumber, 15)
  .parse()

const [what = ''] = command.args
await measurements[what]?.(command.opts<{ runs: number }>().runs)
