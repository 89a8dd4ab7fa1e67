// Makes what test/db/migrate/old-data/ holds, by the version of another checkout: its README says how. The
// rows are those of a finished import, one that was interrupted in the midst of its work by SIGKILL, and one
// that waits for that.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const [checkout, folder] = process.argv.slice(2).map((path) => resolve(path))
if (!checkout || !folder)
  throw new Error('Give a built checkout of another version, and the folder to write.')

const API_KEY = 'key-of-old-data'
const dataDir = join(mkdtempSync(join(tmpdir(), 'intake-old-data-')), 'data')

const line = (type, attributes) =>
  `${JSON.stringify({ data: { type: `subscription_${type}`, attributes } })}\n`
const product = (ref) =>
  line('product', { external_ref: ref, name: `Product ${ref}`, price: { EUR: { amount: 900 } } })
const plan = (ref) =>
  line('plan', {
    external_ref: ref,
    name: `Plan ${ref}`,
    billing_interval_type: 'month',
    billing_frequency: 1,
    plan_length: 12,
    end_behavior: 'roll',
    can_pause: true,
    can_resume: true,
    can_cancel: false,
  })
const subscriber = (ref) =>
  line('subscriber', {
    external_ref: ref,
    account_id: '0f8e9b58-6c0c-4b0e-8d7e-6f6d9f4b2a10',
    name: `Subscriber ${ref}`,
    email: 'a@example.com',
  })
const offering = (ref, products, plans) =>
  line('offering', { external_ref: ref, name: `Offering ${ref}`, products, plans })

const FILES = {
  finished:
    offering('o-1', ['p-1'], ['plan-1']) +
    product('p-1') +
    product('p-1') +
    plan('plan-1') +
    subscriber('s-1') +
    'garbage\n',
  interrupted:
    offering('o-held', ['p-2'], ['plan-1']) +
    product('p-2') +
    line('product', { name: 'No' }) +
    offering('o-2', ['p-1', 'p-2'], ['plan-1']) +
    '\n',
  waiting:
    product('p-2') +
    offering('o-3', ['p-3'], ['plan-1']) +
    product('p-3') +
    offering('o-4', ['nothing'], ['plan-1']),
}

const server = spawn(process.execPath, [join(checkout, 'dist/cli.js'), 'serve'], {
  env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'warn', API_KEY, DATA_DIR: dataDir },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const url = await new Promise((ready) => {
  let text = ''
  server.stdout.setEncoding('utf8').on('data', (piece) => {
    text += piece
    const [, found] = /^listening on (\S+)\n/m.exec(text) ?? []
    if (found) ready(found)
  })
})

async function ask(path, init = {}) {
  const response = await fetch(new URL(path, url), {
    ...init,
    headers: { authorization: `Bearer ${API_KEY}` },
  })
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${await response.text()}`)
  return (await response.json()).data
}

async function post(name) {
  const form = new FormData()
  form.set('external_ref', name)
  form.set('import_file', new Blob([FILES[name]]), `${name}.jsonl`)
  return (await ask('/subscriptions/imports', { method: 'POST', body: form })).id
}

async function until(condition) {
  while (!(await condition())) await sleep(20)
}

// What postmaster.pid says in its fourth and fifth line: the port, and the folder of the socket.
const cluster = join(dataDir, 'postgres')
const [postmaster, , , port, socket] = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
const connect = async () => {
  const client = new pg.Client({
    host: resolve(cluster, socket),
    port: Number(port),
    user: 'postgres',
    database: 'intake',
  })
  await client.connect()
  return client
}
const client = await connect()
const holder = await connect()

const finished = await post('finished')
await until(async () => (await ask(`/subscriptions/imports/${finished}`)).attributes.status === 'success')

// The import that is to be interrupted waits for this offering, after its products were committed.
await holder.query('begin')
await holder.query(`
  insert into offerings (owner_id, id, created_at, updated_at, external_ref, name)
  select owner_id, gen_random_uuid(), now(), now(), 'o-held', 'Held' from imports limit 1`)
await post('interrupted')
await post('waiting')
await until(async () => (await client.query('select from pg_locks where not granted')).rowCount > 0)
const ended = new Promise((gone) => server.once('exit', gone))
server.kill('SIGKILL')
await ended
await holder.query('rollback')
await holder.end()

const { rows: tables } = await client.query(`
  select tablename as name from pg_tables where schemaname = current_schema() order by tablename`)
const rows = {}
for (const { name } of tables) {
  const { rows: found } = await client.query(`select row_to_json(t)::text as row from ${name} t`)
  if (found.length > 0) rows[name] = found.map(({ row }) => row)
}
await client.end()
process.kill(Number(postmaster), 'SIGINT')

rmSync(join(folder, 'data'), { recursive: true, force: true })
mkdirSync(join(folder, 'data'), { recursive: true })
// As README's backup does it, without the folder of what was still coming in.
for (const name of ['id', 'uploads'])
  cpSync(join(dataDir, name), join(folder, 'data', name), { recursive: true })
const text = Object.entries(rows).map(([name, found]) => `"${name}": [\n${found.join(',\n')}\n]`)
writeFileSync(join(folder, 'rows.json'), `{\n${text.join(',\n')}\n}\n`)
rmSync(join(dataDir, '..'), { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
