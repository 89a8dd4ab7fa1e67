import { type CopiedRows, copiedRows } from '../copied-rows.js'
import { checkpoint, withDatabase } from '../database.js'
import { withFreshServer } from '../server.js'
import type { Context, Trial } from '../trial.js'

/**
 * What PostgreSQL itself takes for the rows of an import that somebody else has checked and formatted: COPY,
 * one transaction a table, into the empty tables of a new server, with all their indexes and constraints.
 */
export const floorTrial = (
  name: string,
  records: number,
  rows: (context: Context) => Promise<readonly CopiedRows[]>,
): Trial<{ readonly seconds: number }> => ({
  name,
  records,
  async prepare(context) {
    await rows(context)
  },
  async measure(context) {
    const copied = await rows(context)
    return withFreshServer(async (server) => {
      await checkpoint(server)
      return withDatabase(server, async (client) => {
        let seconds = 0
        for (const { table, path, rows } of copied) {
          context.signal.throwIfAborted()
          const start = performance.now()
          const { rowCount } = await client.query(`copy ${table} from ${client.escapeLiteral(path)}`)
          seconds += (performance.now() - start) / 1000
          if (rowCount !== rows) throw new Error(`COPY added ${rowCount} ${table}; ${rows} were due.`)
        }
        return { seconds }
      })
    })
  },
})

/** The floor of an import of so many mixed records. */
export const mixedFloor = (records: number) =>
  floorTrial('floor', records, (context) => copiedRows(context, [{ records }]))
