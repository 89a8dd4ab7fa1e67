import { randomUUID } from 'node:crypto'
import type { Pool } from '../../src/db/pool.js'
import type { Api } from './api.js'

/** The owner of an API's key. */
export async function ownerIdOf(pool: Pool, api: Api): Promise<string> {
  const { rows } = await pool.query(
    "select owner_id from credentials where secret_hash = sha256(convert_to($1, 'UTF8'))",
    [api.key],
  )
  return rows[0].owner_id
}

/** The ids of rows by number: UUIDs of version 7, whose milliseconds are those of `created_at`. */
const ID = "(lpad(to_hex(1577836800000 + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid"
const CREATED_AT = "timestamptz '2020-01-01T00:00:00Z' + n * interval '1 ms'"

/** Adds products `p-<from>` to `p-<to>` by SQL, one created a millisecond after the other. */
export async function insertProducts(pool: Pool, ownerId: string, from: number, to: number): Promise<void> {
  await pool.query(
    `insert into products (owner_id, id, created_at, updated_at, external_ref, name)
     select $1, ${ID}, ${CREATED_AT}, ${CREATED_AT}, 'p-' || n, 'Product ' || n from generate_series($2::bigint, $3) as n`,
    [ownerId, from, to],
  )
  await addToTotal(pool, ownerId, 'products', to - from + 1)
}

/** Adds an import by SQL that no worker touches. `columns` are those that the test is about. */
export async function insertImport(
  pool: Pool,
  ownerId: string,
  columns: Readonly<Record<string, unknown>>,
): Promise<void> {
  const row: Readonly<Record<string, unknown>> = {
    id: randomUUID(),
    owner_id: ownerId,
    status: 'success',
    upload_store: 'none',
    upload_key: 'none',
    file_bytes: 1,
    file_lines: 1,
    file_sha256: Buffer.alloc(32),
    max_line_bytes: 1024,
    ...columns,
  }
  const names = Object.keys(row)
  await pool.query(
    `insert into imports (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(row),
  )
  await addToTotal(pool, ownerId, 'imports', 1)
}

async function addToTotal(pool: Pool, ownerId: string, resource: string, count: number): Promise<void> {
  await pool.query(
    `insert into totals as t (owner_id, resource, total) values ($1, $2, $3)
     on conflict (owner_id, resource) do update set total = t.total + excluded.total`,
    [ownerId, resource, count],
  )
}
