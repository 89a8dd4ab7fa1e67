import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Connection } from '../../src/db/connection.js'
import { writeCsv } from '../csv-files.js'
import { checkpoint, databaseOf } from '../database.js'
import { grouped, seconds as shownSeconds } from '../format.js'
import { type GenerateOptions, generateRecords } from '../generate.js'
import { runPsql } from '../psql.js'
import { withFreshServer } from '../server.js'
import type { Context, Trial } from '../trial.js'

/** What the CSV files are made of. */
const optionsOf = (records: number): GenerateOptions => ({ records, content: 'without-subscriptions' })

/**
 * Products, plans, subscribers and offerings as CSV, which psql copies into staging tables, checks and upserts:
 * `peers/psql/import.sql`. From the start of psql until its end.
 */
export const psqlTrial = (psql: string, records: number): Trial<{ readonly seconds: number }> => ({
  name: 'psql',
  records,
  async prepare(context) {
    await csvFolder(context, records)
  },
  async measure(context) {
    const { signal } = context
    const folder = await csvFolder(context, records)
    // The embedded server of the service, so that its settings are the same.
    return withFreshServer(async (server) => {
      const database = await databaseOf(server.dataDir)
      await runPsql(psql, database, { script: 'schema.sql' }, { signal })
      await checkpoint(server)
      const start = performance.now()
      const variables = { owner: randomUUID() }
      await runPsql(psql, database, { script: 'import.sql' }, { folder, variables, signal })
      const seconds = (performance.now() - start) / 1000
      await check(psql, database, records)
      return { seconds }
    })
  },
})

function csvFolder(context: Context, records: number): Promise<string> {
  const { folder, progress } = context
  const name = `${records}-csv`
  return context.once(name, async () => {
    progress.begin(`writing ${grouped(records)} records as CSV`, records)
    const start = performance.now()
    await writeCsv(generateRecords(optionsOf(records)), join(folder, name))
    progress.end(shownSeconds((performance.now() - start) / 1000))
    return join(folder, name)
  })
}

/** @throws Error unless every record was added, and nothing rejected */
async function check(psql: string, database: Connection, records: number): Promise<void> {
  const tables = ['products', 'plans', 'subscribers', 'offerings']
  const added = tables.map((table) => `(select count(*) from peer.${table})`).join(' + ')
  const statement = `select ${added}, (select count(*) from peer.errors)`
  const found = await runPsql(psql, database, { statement })
  if (found !== `${records}|0`) {
    throw new Error(`psql added and rejected ${found} records; ${grouped(records)} and none were due.`)
  }
}
