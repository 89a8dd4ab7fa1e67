import type { Pool } from '../../src/db/pool.js'
import { compare, timed } from './compare.js'

const ROWS = 200_000

/** The source of the rows for the inserts below: as an import creates them, ids ascending. */
const SOURCE = `
  create table source as
  select o.id as owner_id,
         (lpad(to_hex(1700000000000 + n / 2000), 12, '0') || '7abc8def0123' || lpad(to_hex(n), 8, '0'))::uuid as id,
         to_timestamp(1700000000 + n / 2000 / 1000.0) as created_at,
         'ref-' || n as external_ref, 'Product number ' || n as name,
         jsonb_build_object('USD', jsonb_build_object('amount', n)) as price
  from owners o, generate_series(1, ${ROWS}) as n`

const FROM_SOURCE = 'select owner_id, id, created_at, created_at, external_ref, name, price from source'

const COLUMNS = 'owner_id, id, created_at, updated_at, external_ref, name, price'

async function createSource(pool: Pool): Promise<void> {
  await pool.query(SOURCE)
  await pool.query('vacuum analyze source')
}

/** 0005: what an index for "newest first" costs an insert, and what a page costs without one. */
export async function ids(pool: Pool, runs: number): Promise<void> {
  await createSource(pool)
  const withIndex = 'create index on target (owner_id, created_at, id)'
  const insert = insertOf(FROM_SOURCE)
  await compareInserts(pool, runs, {
    'insert without an index on created_at': { statement: insert },
    'insert with an index on created_at': { prepare: withIndex, statement: insert },
  })
  await pool.query(`truncate products; insert into products (${COLUMNS}) ${FROM_SOURCE}; analyze products`)
  const page = (order: string) => () =>
    pool.query(`select * from products where owner_id = (select id from owners) order by ${order} limit 25`)
  await compare(
    {
      'a page by the primary key': page('id desc'),
      'a page by created_at, without an index': page('created_at desc, id desc'),
    },
    runs,
  )
}

/** 0006: what a foreign key to `owners` costs. */
export async function foreignKey(pool: Pool, runs: number): Promise<void> {
  await createSource(pool)
  const prepare = 'alter table target add foreign key (owner_id) references owners'
  const insert = insertOf(FROM_SOURCE)
  await compareInserts(pool, runs, {
    'insert without a foreign key': { statement: insert },
    'insert with a foreign key': { prepare, statement: insert },
  })
  const { rows } = await pool.query(`select current_setting('data_directory') || '/rows' as file`)
  await pool.query(`copy (${FROM_SOURCE}) to '${rows[0].file}'`)
  const copy = `copy target (${COLUMNS}) from '${rows[0].file}'`
  await compareInserts(pool, runs, {
    'COPY without a foreign key': { statement: copy },
    'COPY with a foreign key': { prepare, statement: copy },
  })
}

/** 0009: 50,000 rows in chunks of 2,000, with and without `returning`. */
export async function returning(pool: Pool, runs: number): Promise<void> {
  await createSource(pool)
  const owners = await pool.query('select id from owners')
  const { rows } = await pool.query('select id, external_ref, name from source order by id limit 50000')
  const insert = (suffix: string) => async () => {
    await pool.query('drop table if exists target; create table target (like products including indexes)')
    return timed(async () => {
      for (let at = 0; at < rows.length; at += 2000) {
        const chunk = rows.slice(at, at + 2000)
        await pool.query(
          `insert into target (owner_id, id, created_at, updated_at, external_ref, name)
           select $1, r.id, now(), now(), r.external_ref, r.name
           from unnest($2::uuid[], $3::text[], $4::text[]) as r(id, external_ref, name)
           on conflict do nothing ${suffix}`,
          [owners.rows[0].id, ...['id', 'external_ref', 'name'].map((name) => chunk.map((row) => row[name]))],
        )
      }
    })
  }
  await compare(
    { 'without returning': insert(''), 'with returning': insert('returning id, external_ref') },
    runs,
  )
}

/** 0011: how many rows there are, counted and kept. */
export async function totals(pool: Pool, runs: number): Promise<void> {
  await createSource(pool)
  await pool.query(`
    insert into products (${COLUMNS}) ${FROM_SOURCE};
    insert into totals select owner_id, 'products', count(*) from products group by owner_id`)
  await pool.query('vacuum analyze products')
  const ask = (statement: string) => () => pool.query(statement)
  await compare(
    {
      [`count(*) of ${ROWS} rows`]: ask(
        'select count(*) from products where owner_id = (select id from owners)',
      ),
      'the total that is kept': ask(`select total from totals where resource = 'products'`),
    },
    runs,
  )
}

const insertOf = (rows: string) => `insert into target (${COLUMNS}) ${rows} on conflict do nothing`

interface Insert {
  /** How the new table is prepared. */
  readonly prepare?: string
  readonly statement: string
}

/** Runs each statement on a new table like `products`. */
async function compareInserts(pool: Pool, runs: number, inserts: Readonly<Record<string, Insert>>) {
  const variants = Object.entries(inserts).map(([name, { prepare = '', statement }]) => [
    name,
    async () => {
      await pool.query(
        `drop table if exists target; create table target (like products including indexes); ${prepare}; checkpoint`,
      )
      return timed(() => pool.query(statement))
    },
  ])
  await compare(Object.fromEntries(variants), runs)
}
