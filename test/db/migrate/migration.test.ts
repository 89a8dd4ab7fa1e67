import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { migrate } from '../../../src/db/migrate/migrate.js'
import { createPool } from '../../../src/db/pool.js'
import { createEmptyDatabase } from '../../support/service.js'

const initial = new URL('../../../src/db/migrations/0001_initial.sql', import.meta.url)

test('A database of the first version with duplicate names is migrated to the second', async () => {
  const { databaseUrl, drop } = await createEmptyDatabase()
  const pool = createPool({ connectionString: databaseUrl }, 1, () => {})
  try {
    await pool.query(await readFile(initial, 'utf8'))
    await pool.query(`
      create table migrations (id serial primary key, name varchar(255) not null, run_on timestamp not null);
      insert into migrations (name, run_on) values ('0001_initial', now());
      insert into owners (id, kind, name)
        select ('00000000-0000-7000-8000-00000000000' || n)::uuid, case n when 3 then 'organization' else 'store' end, 'shop'
        from generate_series(1, 4) n;
      insert into credentials (id, owner_id, name, secret_hash)
        select gen_random_uuid(), id, 'key', sha256('x') from owners`)
    await migrate({ connectionString: databaseUrl })
    const { rows } = await pool.query('select name from owners order by id')
    expect(rows.map(({ name }) => name)).toEqual([
      'shop',
      'shop 00000000-0000-7000-8000-000000000002',
      'shop',
      'shop 00000000-0000-7000-8000-000000000004',
    ])
    expect((await pool.query("select from credentials where kind = 'api_key'")).rowCount).toBe(4)
  } finally {
    await pool.end()
    await drop()
  }
})
