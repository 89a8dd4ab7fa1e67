import { readdir, readFile } from 'node:fs/promises'
import type { Pool } from '../../src/db/pool.js'

const MIGRATIONS = new URL('../../src/db/migrations/', import.meta.url)

/**
 * Brings an empty database to the schema before a migration, such as `0008`, as an earlier version left it.
 */
export async function setUpSchemaBefore(pool: Pool, migration: string): Promise<void> {
  await pool.query(
    'create table migrations (id serial primary key, name varchar(255), run_on timestamp not null)',
  )
  for (const file of (await readdir(MIGRATIONS)).sort().filter((name) => name < migration)) {
    await pool.query(await readFile(new URL(file, MIGRATIONS), 'utf8'))
    await pool.query("insert into migrations (name, run_on) values ($1, now() at time zone 'UTC')", [
      file.replace(/\.sql$/, ''),
    ])
  }
}
