import { chown, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { importFile } from './client.js'
import { recordTables, withDatabase } from './database.js'
import { generatedFile, type ImportFile } from './files.js'
import { grouped } from './format.js'
import type { GenerateOptions } from './generate.js'
import { withFreshServer } from './server.js'
import type { Context } from './trial.js'

/** The rows that an import created, in files that COPY reads: one per table, in COPY's text format. */
export interface CopiedRows {
  readonly table: string
  readonly path: string
  readonly rows: number
}

/** The rows of these tables after these files were imported, one after the other, into an empty database. */
export function copiedRows(
  context: Context,
  files: readonly GenerateOptions[],
  tables: readonly string[] = recordTables,
): Promise<CopiedRows[]> {
  const { folder, progress } = context
  const name = `rows-of-${files.map(({ records, content = 'mixed' }) => `${records}-${content}`).join('-')}`
  return context.once(name, async () => {
    const generated: ImportFile[] = []
    for (const options of files) generated.push(await generatedFile(context, options))
    const records = generated.reduce((sum, { imported }) => sum + imported, 0)
    progress.begin(`importing ${grouped(records)} records to copy their rows`, records)
    const copied = await withFreshServer(async (server) => {
      for (const file of generated) await importFile(server, file, context)
      const place = join(folder, name)
      await mkdir(place)
      // The server writes and reads the files itself, and runs as another user if we are root.
      const { uid, gid } = await stat(join(server.dataDir, 'postgres'))
      await chown(place, uid, gid)
      return withDatabase(server, async (client) => {
        const made: CopiedRows[] = []
        for (const table of tables) {
          const path = join(place, `${table}.copy`)
          const { rowCount } = await client.query(`copy ${table} to ${client.escapeLiteral(path)}`)
          made.push({ table, path, rows: rowCount ?? 0 })
        }
        return made
      })
    })
    progress.end(`${grouped(copied.reduce((sum, { rows }) => sum + rows, 0))} rows`)
    return copied
  })
}

/**
 * The values of a line of COPY's text format: columns separated by tabs, `\N` for null, and a backslash
 * before what would otherwise end a value (https://www.postgresql.org/docs/current/sql-copy.html, "File
 * Formats").
 */
export const valuesOfLine = (line: string): (string | null)[] =>
  line.split('\t').map((value) => (value === '\\N' ? null : value.replace(/\\(.)/g, unescaped)))

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

const unescaped = (_: string, character: string): string => ESCAPES[character] ?? character
