import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readApiKey } from '../../src/data-dir/api-key.js'
import { userOf } from '../../src/data-dir/lock.js'
import { Api } from '../support/api.js'
import { aProduct, file } from '../support/builders.js'
import { cleanEnvironment, cli, createDatabase, temporaryFolder } from '../support/service.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let database: Awaited<ReturnType<typeof createDatabase>>
let dataDir: string
let stop: () => Promise<void>

beforeEach(async () => {
  folder = await temporaryFolder()
  dataDir = join(folder.path, 'data')
  database = await createDatabase()
})
afterEach(async () => {
  await stop()
  await database.drop()
  await folder.remove()
})

async function until<T>(find: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await find()
    if (found) return found
    await sleep(20)
  }
}

/** Runs `intake serve` in a shell, which redirects its output. */
async function serveInShell(output: string): Promise<Api> {
  const child = spawn('sh', ['-c', `"$0" "$1" serve ${output}`, process.execPath, cli], {
    cwd: folder.path,
    env: { ...cleanEnvironment(), PORT: '0', DATA_DIR: dataDir, DATABASE_URL: database.databaseUrl },
    detached: true,
    stdio: 'ignore',
  })
  stop = async () => {
    // The process group, which includes the readers.
    process.kill(-(child.pid ?? 0), 'SIGTERM')
    await until(async () => (await userOf(dataDir)) === undefined)
  }
  const user = await until(async () => existsSync(dataDir) && (await userOf(dataDir)))
  const url = user.url ?? (await until(async () => (await userOf(dataDir))?.url))
  const api = new Api(url, (await readApiKey(dataDir)) ?? '')
  await until(async () => (await api.get('/readyz')).status === 200)
  return api
}

/** Requests whose lines in the log are long. */
async function ask(api: Api, times: number): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    expect((await api.get(`/nothing/${'x'.repeat(6000)}`)).status).toBe(404)
  }
}

async function droppedLines(api: Api): Promise<number> {
  const [, count] = /^intake_log_lines_dropped_total (\d+)$/m.exec((await api.get('/metrics')).body) ?? []
  return Number(count)
}

test.runIf(existsSync('/dev/full'))(
  'a log on a full disk ends nothing, and its lines are counted',
  async () => {
    const api = await serveInShell('>/dev/full 2>&1')
    await ask(api, 200)
    expect((await api.import(file(aProduct()))).attributes.status).toBe('success')
    // Those of the worker thread, too.
    expect(await droppedLines(api)).toBeGreaterThan(400)
  },
)

test('output that nobody reads stops nothing', async () => {
  const api = await serveInShell('2>&1 | true')
  await ask(api, 20)
  expect((await api.import(file(aProduct()))).attributes.status).toBe('success')
  expect(await droppedLines(api)).toBeGreaterThan(40)
})

test('a hanging reader blocks nothing, and learns how many lines it missed', async () => {
  const api = await serveInShell('2>&1 | { until test -e read-on; do sleep 0.1; done; exec cat >log; }')
  // Twice what the pipe and the process buffer for it.
  await ask(api, 400)
  expect((await api.get('/healthz')).status).toBe(200)
  expect((await api.import(file(aProduct()))).attributes.status).toBe('success')
  const dropped = await droppedLines(api)
  expect(dropped).toBeGreaterThan(0)
  await writeFile(join(folder.path, 'read-on'), '')
  const log = join(folder.path, 'log')
  const written = () => readFile(log, 'utf8').catch(() => '')
  await until(async () => (await written()).includes('log lines dropped'))
  const lines = (await written()).split('\n').filter((line) => line.startsWith('{'))
  const told = lines.map((line) => JSON.parse(line)).filter(({ msg }) => /log lines dropped/.test(msg))
  expect(told.reduce((sum, line) => sum + line.lines, 0)).toBeGreaterThanOrEqual(dropped)
})
