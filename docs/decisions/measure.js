// Measures what some of the decisions rest on: `npm run build && node docs/decisions/measure.js foreign-key`.
// Each prints medians of several runs. The variants take turns, so that a busy machine slows all of them alike: look at
// the ratios. Everything happens in an embedded PostgreSQL of its own, which is removed at the end.
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { pino } from 'pino'
import { Compile } from 'typebox/compile'
import { openDataDir } from '../../dist/data-dir.js'
import { startEmbeddedPostgres } from '../../dist/db/embedded.js'
import { migrate } from '../../dist/db/migrate.js'
import { createPool } from '../../dist/db/pool.js'
import { createImport, receiveFile } from '../../dist/imports/receive.js'
import { work } from '../../dist/imports/worker.js'
import { product } from '../../dist/records/product.js'
import { validateRecord } from '../../dist/records/validate.js'
import { defaultStore } from '../../dist/tenants/owners.js'
import { openFileStore } from '../../dist/uploads/file.js'

const RUNS = 15
const ROWS = 200_000

/** What the inserts below take their rows from: as an import makes them, ids ascending. */
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

const measurements = {
  /** 0001: the first start of the embedded PostgreSQL, and a later one. */
  async start() {
    const times = { 'first start': [], 'later start': [] }
    for (let run = 0; run < RUNS; run += 1) {
      await inNewFolder(async (folder) => {
        for (const variant of ['first start', 'later start']) {
          const begin = performance.now()
          const postgres = await startEmbeddedPostgres(folder)
          times[variant].push(performance.now() - begin)
          await postgres.stop()
        }
      })
    }
    show(times)
  },

  /** 0005: what an index for "newest first" costs an insert, and what a page costs without one. */
  async ids(pool) {
    const withIndex = 'create index on target (owner_id, created_at, id)'
    await compareInserts(pool, {
      'insert without an index on created_at': { insert: FROM_SOURCE },
      'insert with an index on created_at': { prepare: withIndex, insert: FROM_SOURCE },
    })
    await pool.query(`truncate products; insert into products (${COLUMNS}) ${FROM_SOURCE}; analyze products`)
    const page = (order) => () =>
      pool.query(`select * from products where owner_id = (select id from owners) order by ${order} limit 25`)
    await compare({
      'a page by the primary key': page('id desc'),
      'a page by created_at, without an index': page('created_at desc, id desc'),
    })
  },

  /** 0006: what a foreign key to `owners` costs. */
  async 'foreign-key'(pool) {
    const prepare = 'alter table target add foreign key (owner_id) references owners'
    await compareInserts(pool, {
      'insert without a foreign key': { insert: FROM_SOURCE },
      'insert with a foreign key': { prepare, insert: FROM_SOURCE },
    })
    const [{ file }] = (await pool.query(`select current_setting('data_directory') || '/rows' as file`)).rows
    await pool.query(`copy (${FROM_SOURCE}) to '${file}'`)
    const copy = `copy target (${COLUMNS}) from '${file}'`
    await compareInserts(pool, {
      'COPY without a foreign key': { copy },
      'COPY with a foreign key': { prepare, copy },
    })
  },

  /** 0009: 50,000 rows in chunks of 2,000, with and without `returning`. */
  async returning(pool) {
    const [{ id: owner }] = (await pool.query('select id from owners')).rows
    const { rows } = await pool.query(`select id, external_ref, name from source order by id limit 50000`)
    const insert = (suffix) => async () => {
      await pool.query('drop table if exists target; create table target (like products including indexes)')
      return timed(async () => {
        for (let at = 0; at < rows.length; at += 2000) {
          const chunk = rows.slice(at, at + 2000)
          await pool.query(
            `insert into target (owner_id, id, created_at, updated_at, external_ref, name)
             select $1, r.id, now(), now(), r.external_ref, r.name
             from unnest($2::uuid[], $3::text[], $4::text[]) as r(id, external_ref, name)
             on conflict do nothing ${suffix}`,
            [owner, ...['id', 'external_ref', 'name'].map((name) => chunk.map((row) => row[name]))],
          )
        }
      })
    }
    await compare({ 'without returning': insert(''), 'with returning': insert('returning id, external_ref') })
  },

  /** 0011: how many rows there are, counted and kept. */
  async totals(pool) {
    await pool.query(`
      insert into products (${COLUMNS}) ${FROM_SOURCE};
      insert into totals select owner_id, 'products', count(*) from products group by owner_id`)
    await pool.query('vacuum analyze products')
    const ask = (statement) => () => pool.query(statement)
    await compare({
      [`count(*) of ${ROWS} rows`]: ask(
        `select count(*) from products where owner_id = (select id from owners)`,
      ),
      'the total that is kept': ask(`select total from totals where resource = 'products'`),
    })
  },

  /** 0013: how long the thread that answers requests is held up while 50,000 products are imported. */
  async worker(pool, connection, folder) {
    const dataDir = await openDataDir(folder)
    const uploads = { folder: join(folder, 'uploads'), id: dataDir.id }
    const store = await openFileStore(uploads.folder, uploads.id)
    const limits = { maxLineBytes: 2 ** 20, maxRecords: undefined, maxUploadBytes: 2 ** 30 }
    const logger = pino({ level: 'silent' })
    const delays = { 'in the same thread': [], 'in a thread of its own': [] }
    const busy = { 'in the same thread': [], 'in a thread of its own': [] }
    const beside = {
      'in the same thread': () => {
        const stop = new AbortController()
        const working = work({ pool, store, logger, tell: () => {} }, connection, stop.signal)
        return () => {
          stop.abort()
          return working
        }
      },
      'in a thread of its own': () => {
        const thread = new Worker(new URL('../../dist/imports/worker-thread.js', import.meta.url), {
          workerData: { connection, uploads, retentionDays: 0, logLevel: 'silent' },
        })
        const ended = once(thread, 'exit')
        return () => {
          thread.postMessage('stop')
          return ended
        }
      },
    }
    for (let run = 0; run < RUNS; run += 1) {
      for (const [variant, start] of Object.entries(beside)) {
        const stop = start()
        await sleep(500)
        const file = await receiveFile(store, limits, productLines(50_000))
        const delay = monitorEventLoopDelay({ resolution: 1 })
        delay.enable()
        const before = performance.eventLoopUtilization()
        const { id } = await createImport(
          pool,
          store,
          await defaultStore(pool),
          undefined,
          { dryRun: false, onConflict: 'reject' },
          file,
          1000,
        )
        const finished = async () =>
          (await pool.query('select from imports where id = $1 and finished_at is not null', [id])).rowCount >
          0
        while (!(await finished())) await sleep(20)
        delay.disable()
        busy[variant].push(performance.eventLoopUtilization(before).active)
        delays[variant].push(delay.max / 1e6)
        await stop()
      }
    }
    show(busy, 'ms in all that the event loop was busy')
    show(delays, 'ms at the longest that it was held up')
    await dataDir.release()
  },

  /** 0014: 200,000 valid products, by ajv with our formats and by TypeBox's own compiler. */
  async validation() {
    const compiled = Compile(product.attributes)
    const attributes = {
      external_ref: 'ref-1',
      name: 'Morning Roast, whole bean, 250 g',
      description: 'A light roast with notes of orange peel and honey.',
      main_image: 'https://images.example.com/coffee-morning-250.jpg',
      price: { EUR: { amount: 990, includes_tax: true }, USD: { amount: 1150 } },
    }
    const times = (check) => async () => {
      for (let n = 0; n < ROWS; n += 1) check()
    }
    await compare({
      ajv: times(() => validateRecord(product, attributes)),
      TypeBox: times(() => compiled.Check(attributes)),
    })
  },
}

/** Inserts the source into a new table like `products` for each variant in turn. */
async function compareInserts(pool, variants) {
  const runs = Object.entries(variants).map(([name, { prepare = '', insert, copy }]) => [
    name,
    async () => {
      await pool.query(
        `drop table if exists target; create table target (like products including indexes); ${prepare}; checkpoint`,
      )
      return timed(() =>
        pool.query(copy ?? `insert into target (${COLUMNS}) ${insert} on conflict do nothing`),
      )
    },
  ])
  await compare(Object.fromEntries(runs))
}

async function timed(run) {
  const begin = performance.now()
  await run()
  return performance.now() - begin
}

/** Runs the variants in turn; a variant that returns a number has measured itself. */
async function compare(variants) {
  const times = Object.fromEntries(Object.keys(variants).map((name) => [name, []]))
  for (let run = 0; run < RUNS; run += 1) {
    for (const [name, variant] of Object.entries(variants)) {
      let own
      const whole = await timed(async () => {
        own = await variant()
      })
      times[name].push(typeof own === 'number' ? own : whole)
    }
  }
  show(times)
}

/** The first variant is what the others are measured by: each run by the first one's time in the same run. */
function show(times, unit = 'ms') {
  const [first] = Object.values(times)
  for (const [name, list] of Object.entries(times)) {
    const ratio = median(list.map((time, run) => time / first[run]))
    process.stdout.write(
      `${name}: ${median(list).toFixed(median(list) < 10 ? 1 : 0)} ${unit}, ${ratio.toFixed(2)} of the first\n`,
    )
  }
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1]

async function* productLines(count) {
  for (let n = 0; n < count; n += 100) {
    const lines = Array.from({ length: 100 }, (_, m) =>
      JSON.stringify({
        data: {
          type: product.type,
          attributes: {
            name: `Product number ${n + m}`,
            description: 'As good as any other.'.repeat(8),
            price: { USD: { amount: n } },
          },
        },
      }),
    )
    yield Buffer.from(`${lines.join('\n')}\n`)
  }
}

async function inNewFolder(run) {
  const folder = await mkdtemp(join(tmpdir(), 'intake-measure-'))
  // As a data directory is made: run as root, the server is another user, who has to pass through.
  await chmod(folder, 0o711)
  try {
    return await run(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const name = process.argv[2]
const measure = Object.hasOwn(measurements, name ?? '') ? measurements[name] : undefined
if (!measure) {
  process.stderr.write(`node docs/decisions/measure.js <${Object.keys(measurements).join(' | ')}>\n`)
  process.exit(1)
}
if (measure.length === 0) await measure()
else {
  await inNewFolder(async (folder) => {
    const postgres = await startEmbeddedPostgres(folder)
    const pool = createPool(postgres.connection, 10, () => {})
    try {
      await migrate(postgres.connection)
      await defaultStore(pool)
      await pool.query(SOURCE)
      await pool.query('vacuum analyze source')
      await measure(pool, postgres.connection, folder)
    } finally {
      await pool.end()
      await postgres.stop()
    }
  })
}
