import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../src/db/migrate/migrate.js'
import { createPool, type PoolConnections } from '../../src/db/pool.js'
import { setUpSchemaBefore } from '../support/old-schema.js'
import { insertImport } from '../support/rows.js'
import { createEmptyDatabase } from '../support/service.js'

const OWNER = '00000000-0000-7000-8000-000000000001'

let database: Awaited<ReturnType<typeof createEmptyDatabase>>
let pool: PoolConnections
beforeAll(async () => {
  database = await createEmptyDatabase()
  pool = createPool({ connectionString: database.databaseUrl }, 1, () => {})
  await setUpSchemaBefore(pool, '0007')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

/** Every column by the name of `external_ref`, and what the tables need beside it. */
const TABLES: Readonly<Record<string, string>> = {
  products: `name) select $1, gen_random_uuid(), now(), now(), ref, 'A product'`,
  plans: `name, billing_interval_type, billing_frequency, plan_length, end_behavior, can_pause, can_resume, can_cancel)
    select $1, gen_random_uuid(), now(), now(), ref, 'A plan', 'day', 1, 1, 'roll', true, true, true`,
  subscribers: `name, account_id, email) select $1, gen_random_uuid(), now(), now(), ref, 'A person', gen_random_uuid(), 'a@b.co'`,
  offerings: `name) select $1, gen_random_uuid(), now(), now(), ref, 'An offering'`,
  offering_products: `name, offering_id) select $1, gen_random_uuid(), now(), now(), ref, 'A product', gen_random_uuid()`,
  offering_plans: `name, offering_id, billing_interval_type, billing_frequency, plan_length, end_behavior, can_pause, can_resume, can_cancel)
    select $1, gen_random_uuid(), now(), now(), ref, 'A plan', gen_random_uuid(), 'day', 1, 1, 'roll', true, true, true`,
}

test('An empty external_ref is none after an upgrade, and everything else is unchanged', async () => {
  await pool.query(`insert into owners (id, kind, name) values ($1, 'store', 'shop')`, [OWNER])
  for (const [table, rest] of Object.entries(TABLES)) {
    await pool.query(
      `insert into ${table} (owner_id, id, created_at, updated_at, external_ref, ${rest} from unnest(array['', 'ref']) as ref`,
      [OWNER],
    )
  }
  for (const external_ref of ['', 'ref']) await insertImport(pool, OWNER, { external_ref })
  await pool.query(
    `insert into import_errors (owner_id, import_id, line_number, ordinal, field, error, external_ref, created_at)
     select $1, gen_random_uuid(), 1, 0, 'name', 'wrong', ref, now() from unnest(array['', 'ref']) as ref`,
    [OWNER],
  )
  const { rows: columns } = await pool.query<{ table_name: string }>(
    `select table_name from information_schema.columns where column_name = 'external_ref' and table_name <> 'rehearsed_refs'`,
  )
  const tables = columns.map(({ table_name }) => table_name).sort()
  expect(tables).toEqual([...Object.keys(TABLES), 'imports', 'import_errors'].sort())
  // Later, counts by type were moved out of `imports` (test/db/import-counts.test.ts), and `offering_id` was
  // renamed.
  const rest = async (table: string) =>
    (
      await pool.query(
        `select (select jsonb_object_agg(key, value) from jsonb_each(to_jsonb(t))
                 where key not in ('external_ref', 'offering_id', 'holder_id') and key !~ '^(uploaded|imported|skipped)_') as row
         from ${table} t order by row`,
      )
    ).rows
  const before = await Promise.all(tables.map(rest))

  await migrate({ connectionString: database.databaseUrl })

  for (const [index, table] of tables.entries()) {
    const { rows } = await pool.query(`select external_ref from ${table} order by external_ref`)
    expect(rows).toEqual([{ external_ref: 'ref' }, { external_ref: null }])
    expect(await rest(table)).toMatchObject(before[index] ?? [])
  }
})
