import { join } from 'node:path'
import { type Address, importFile } from '../client.js'
import { withConnection } from '../database.js'
import { generatedFile } from '../files.js'
import type { DatabasePlace } from '../places.js'
import { withProcess } from '../server.js'
import { makeKeys } from '../stores.js'
import { withTempFolder } from '../temp-folder.js'
import type { Trial } from '../trial.js'

/**
 * A file imported by a store into a new database, and by another store into what that has become: all rows
 * and, as autovacuum would leave them, all statistics are the first's. A process that has just started works
 * each.
 */
export const secondOwner = (
  records: number,
  database: DatabasePlace,
): Trial<{ readonly firstSeconds: number; readonly secondSeconds: number }> => ({
  name: `imports of a first and a second owner${database.name}`,
  records: 2 * records,
  async prepare(context) {
    await generatedFile(context, { records })
  },
  async measure(context) {
    const file = await generatedFile(context, { records })
    return withTempFolder((folder) =>
      database.use(async ({ url }) => {
        const connection = { connectionString: url }
        const run = (statement: string) => withConnection(connection, (client) => client.query(statement))
        const imported = (storeOf: (process: Address) => Promise<Address>) =>
          withProcess(join(folder, 'data'), { DATABASE_URL: url }, async (process) => {
            const store = await storeOf(process)
            await run('checkpoint')
            return (await importFile(store, file, context)).seconds
          })
        const newStore = async ({ url }: Address) => ({
          url,
          apiKey: (await makeKeys(connection, 1))[0] ?? '',
        })
        const firstSeconds = await imported(newStore)
        await run('analyze')
        return { firstSeconds, secondSeconds: await imported(newStore) }
      }),
    )
  },
})
