import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// Drives the built command (dist/cli.js) as a shell does.

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

let folder: string
const children = new Set<ChildProcess>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'intake-cli-'))
  // PostgreSQL may run as another user, who must be able to enter the folder.
  await mkdir(join(folder, 'open'), { mode: 0o755 })
})

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Outcome>
  /** Resolves with the first match in what it writes to stdout or stderr. */
  says(pattern: RegExp): Promise<RegExpExecArray>
}

function intake(args: readonly string[], environment: Record<string, string> = {}): Running {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [CLI, ...args], { env: { PATH, HOME, ...environment } })
  children.add(child)
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of waiting) look()
  }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
    wake()
  })
  const ended = new Promise<Outcome>((resolve) => {
    child.on('close', (code) => {
      children.delete(child)
      resolve({ code, stdout, stderr })
      wake()
    })
  })
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr)
        if (match) resolve(match)
        else if (!children.has(child)) reject(new Error(`It never said ${pattern}:\n${stdout}${stderr}`))
        else return
        waiting.delete(look)
      }
      waiting.add(look)
      look()
    })
  return { child, ended, says }
}

const runImport = (args: readonly string[], environment?: Record<string, string>): Promise<Outcome> =>
  intake(['import', ...args], environment).ended

async function serve(
  dataDir: string,
  settings: Record<string, string> = {},
): Promise<{ url: string; apiKey: string; child: ChildProcess; ended: Promise<Outcome> }> {
  const running = intake(['serve'], { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent', ...settings })
  const [, url = ''] = await running.says(/^listening on (\S+)$/m)
  const [, apiKey = ''] = await running.says(/^API key: (\S+)$/m)
  return { url, apiKey, child: running.child, ended: running.ended }
}

let files = 0

async function aFile(lines: readonly string[], name = `${++files}.jsonl`): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, lines.map((line) => `${line}\n`).join(''))
  return path
}

let dirs = 0
const aDataDir = () => join(folder, 'open', `data-${++dirs}`)

const aProduct = (attributes: Record<string, unknown> = {}): string =>
  JSON.stringify({ data: { type: 'subscription_product', attributes: { name: 'Coffee', ...attributes } } })

const aSubscriber = (): string =>
  JSON.stringify({
    data: {
      type: 'subscription_subscriber',
      attributes: {
        name: 'Ann',
        email: 'ann@example.com',
        account_id: '0d5a2f0c-59ae-4ec9-bd26-37bb9e2e3a0b',
      },
    },
  })

const wrong = aProduct({ name: 'ab' })
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))

/** The rows of the table of counts: `{ product: ['3', '1', '2'], …, total: […] }`. */
function countsIn(stdout: string): Record<string, string[]> {
  const rows = stdout.matchAll(/^(\w+) +([\d,]+) +([\d,]+) +([\d,]+)(?: +([\d,]+))?$/gm)
  return Object.fromEntries([...rows].map(([, name, ...counts]) => [name, counts.filter(Boolean)]))
}

describe('intake import without a server', () => {
  let dataDir: string
  beforeAll(() => {
    dataDir = aDataDir()
  })

  test('runs one, imports the file, stops it and exits 0', async () => {
    const file = await aFile([aProduct(), aProduct(), aSubscriber()], 'good.jsonl')
    const { code, stdout, stderr } = await runImport([file, '--data-dir', dataDir, '--yes'])
    expect(stderr.split('\n')).toEqual([
      `No server runs on ${dataDir}; this command runs one itself.`,
      expect.stringMatching(/^uploaded \d+ B$/),
      'imported 3 of 3 records',
      '',
    ])
    expect(stdout).toContain('All 3 records of good.jsonl were imported.')
    expect(countsIn(stdout)).toEqual({
      product: ['2', '2', '0'],
      plan: ['0', '0', '0'],
      feature: ['0', '0', '0'],
      subscription: ['0', '0', '0'],
      subscriber: ['1', '1', '0'],
      offering: ['0', '0', '0'],
      total: ['3', '3', '0'],
    })
    expect(stdout).not.toContain('error')
    expect(code).toBe(0)
  })

  test('uses DATA_DIR, and shows the rejected lines, with exit code 2', async () => {
    const file = await aFile([aProduct(), wrong, '', 'garbage'], 'mixed.jsonl')
    const { code, stdout } = await runImport([file], { DATA_DIR: dataDir })
    expect(stdout).toContain('1 of the 2 records of mixed.jsonl was imported; 1 was rejected.')
    expect(countsIn(stdout)).toMatchObject({ product: ['2', '1', '1'], total: ['2', '1', '1'] })
    expect(stdout).toContain('2 lines were blank or could not be read as records.')
    expect(stdout).toMatch(/^ +2 +name +name must be at least 3 characters$/m)
    expect(stdout).toMatch(/^ +4 +\(whole line\) +the line is not valid JSON/m)
    expect(code).toBe(2)
  })

  test('interrupted, exits 130, and the import continues at the next start', async () => {
    const own = aDataDir()
    const file = await aFile(many(40_000, () => aProduct()))
    const first = intake(['import', file, '--data-dir', own, '--yes'])
    await first.says(/^uploaded /m)
    first.child.kill('SIGINT')
    const { code, stderr } = await first.ended
    expect(stderr).toMatch(/Interrupted\. Import [0-9a-f-]{36} continues when intake is started again/)
    expect(code).toBe(130)

    expect((await runImport([await aFile([aProduct()]), '--data-dir', own])).code).toBe(0)
    const server = await serve(own)
    const response = await fetch(`${server.url}/subscriptions/imports`, {
      headers: { authorization: `Bearer ${server.apiKey}` },
    })
    const { data } = (await response.json()) as { data: { attributes: { status: string } }[] }
    expect(data.map(({ attributes }) => attributes.status)).toEqual(['success', 'success'])
    server.child.kill('SIGTERM')
    await server.ended
  })
})

describe('intake import with a server', () => {
  let dataDir: string
  let server: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    dataDir = aDataDir()
    server = await serve(dataDir)
  })
  afterAll(async () => {
    server.child.kill('SIGTERM')
    await server.ended
  })

  test('uses the one that runs on the data directory, and its key', async () => {
    const { code, stderr } = await runImport([await aFile([aProduct()]), '--data-dir', dataDir])
    expect(stderr).toContain(`Using the server at ${server.url}, which runs on ${dataDir}.`)
    expect(code).toBe(0)
  })

  test('takes --url with --api-key or API_KEY', async () => {
    const file = await aFile([aProduct()])
    expect((await runImport([file, '--url', `${server.url}/`, '--api-key', server.apiKey])).code).toBe(0)
    expect((await runImport([file, '--url', server.url], { API_KEY: server.apiKey })).code).toBe(0)
  })

  test('exits 2 if every record was rejected', async () => {
    const { code, stdout } = await runImport([await aFile([wrong]), '--data-dir', dataDir])
    expect(stdout).toContain('None of the 1 record')
    expect(code).toBe(2)
  })

  test('exits 2 if lines are not records, though all records were imported', async () => {
    const { code, stdout } = await runImport([await aFile([aProduct(), '{', '']), '--data-dir', dataDir])
    expect(stdout).toContain('imported, but 1 line could not be read as a record.')
    expect(stdout).toContain('1 line could not be read as a record; 1 line was blank.')
    expect(code).toBe(2)
  })

  test('writes nothing that only a terminal understands', async () => {
    const { stdout, stderr } = await runImport([await aFile([wrong, aProduct()]), '--data-dir', dataDir], {
      CI: 'true',
    })
    expect(stdout + stderr).not.toContain('\u001b')
  })

  test('shows many errors by kind, the most frequent first, and how to see all of them', async () => {
    const lines = [...many(3, () => '{'), ...many(25, () => wrong), ...many(2, () => aProduct({ name: 1 }))]
    const { code, stdout } = await runImport([await aFile(lines), '--data-dir', dataDir])
    expect(stdout).toContain('30 errors of 3 kinds, with the number of lines and the first of them:')
    expect(stdout.match(/^ +\d+ +\d+ +\S.*$/gm)?.map((row) => row.trim().split(/ {2,}/))).toEqual([
      ['25', '4', 'name', 'name must be at least 3 characters'],
      ['3', '1', '(whole line)', 'the line is not valid JSON'],
      ['2', '29', 'name', 'name must be a text, in quotes'],
    ])
    const [, command = ''] = /^ {2}npx intake (imports errors .*)$/m.exec(stdout) ?? []
    const all = await intake([...command.split(' '), '--all']).ended
    expect(all.stdout.trim().split('\n')).toHaveLength(30)
    expect(code).toBe(2)
  })

  test('reads the standard input, compressed or not', async () => {
    const packed = gzipSync(`${aProduct()}\n${aProduct()}\n`)
    for (const bytes of [packed, gunzipSync(packed)]) {
      const running = intake(['import', '-', '--data-dir', dataDir])
      running.child.stdin?.end(bytes)
      const { code, stdout } = await running.ended
      expect(stdout).toContain('All 2 records of the standard input were imported.')
      expect(code).toBe(0)
    }
  })

  test('rehearses, adds nothing, and says how to run it for real', async () => {
    const file = await aFile([aProduct({ external_ref: 'rehearsed' }), wrong])
    const rehearsal = await runImport([file, '--dry-run', '--on-conflict', 'skip', '--data-dir', dataDir])
    expect(rehearsal.stdout).toContain('would be imported; 1 would be rejected.')
    expect(rehearsal.code).toBe(2)
    const [, command = ''] = /^ {2}npx intake (imports run .*)$/m.exec(rehearsal.stdout) ?? []
    expect(command).toMatch(new RegExp(`^imports run [0-9a-f-]{36} --data-dir ${dataDir}$`))
    // It needs no file again.
    await rm(file)
    const real = await intake(command.split(' ')).ended
    expect(countsIn(real.stdout).total).toEqual(['2', '1', '0', '1'])
    expect(real.stdout).toContain(`of the 2 records of ${basename(file)}`)
    expect(real.code).toBe(2)
    const again = await intake(command.split(' ')).ended
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^intake: The rehearsal was run before.* Its id is [0-9a-f-]{36}\.$/m),
    })
  })

  test('counts skipped and updated records as fine', async () => {
    const file = await aFile([aProduct({ external_ref: 'kept' })])
    expect((await runImport([file, '--data-dir', dataDir])).code).toBe(0)
    expect((await runImport([file, '--data-dir', dataDir])).code).toBe(2)
    for (const what of ['skip', 'update']) {
      expect((await runImport([file, '--on-conflict', what, '--data-dir', dataDir])).code).toBe(0)
    }
    expect((await runImport([file, '--on-conflict', 'fix', '--data-dir', dataDir])).code).toBe(1)
  })

  test('with --json prints the import, and with --no-watch does not wait for its end', async () => {
    const args = [await aFile([aProduct()]), '--json', '--data-dir', dataDir]
    const ended = JSON.parse((await runImport(args)).stdout)
    expect(ended).toMatchObject({ type: 'subscription_import', attributes: { status: 'success' } })
    const { code, stdout } = await runImport([...args, '--no-watch'])
    expect(JSON.parse(stdout).attributes.status).toBe('pending')
    expect(code).toBe(0)
  })

  test('gives the import its external_ref, and reports one that is taken', async () => {
    const file = await aFile([aProduct()])
    const args = [file, '--data-dir', dataDir, '--external-ref', 'June "2024"\nübergabe']
    expect((await runImport(args)).code).toBe(0)
    expect(await runImport(args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /intake: The external_ref is that of another import, which has not failed\. Its id is [0-9a-f-]{36}\.$/m,
      ),
    })
  })

  test('says in a sentence why the server refuses', async () => {
    const csv = await aFile(['name,price', 'Coffee,5'])
    expect(await runImport([csv, '--data-dir', dataDir])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('answered 400: No line of the file is a record.'),
    })
    expect(await runImport([csv, '--url', server.url, '--api-key', 'wrong'])).toMatchObject({
      code: 1,
      stderr: `intake: The server at ${server.url} does not accept the API key from --api-key (401: Unable to validate access token).\n`,
    })
  })

  test('interrupted, exits 130, and says that the import continues there', async () => {
    const running = intake(['import', await aFile(many(40_000, () => aProduct())), '--data-dir', dataDir])
    await running.says(/^uploaded /m)
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(stderr).toMatch(/Interrupted\. Import [0-9a-f-]{36} continues on the server: http/)
    expect(stderr).toMatch(/^ {2}npx intake imports watch [0-9a-f-]{36} --data-dir \S+$/m)
    expect(stderr).toMatch(/^ {2}npx intake imports cancel [0-9a-f-]{36} --data-dir \S+$/m)
    expect(code).toBe(130)
  })
})

test('intake import of a pipe outlasts a pause that is longer than IDLE_TIMEOUT', async () => {
  const dataDir = aDataDir()
  const server = await serve(dataDir, { IDLE_TIMEOUT: '1' })
  const running = intake(['import', '-', '--data-dir', dataDir])
  running.child.stdin?.write(`${aProduct()}\n`)
  while ((await readdir(join(dataDir, 'uploads', 'incoming'))).length === 0) await sleep(20)
  // A connection that is silent from now on would be closed before the pipe's.
  const silent = connect(Number(new URL(server.url).port), '127.0.0.1')
  silent.write(
    'POST /subscriptions/imports HTTP/1.1\r\nhost: x\r\ncontent-type: application/jsonl\r\ncontent-length: 9\r\n' +
      `authorization: Bearer ${server.apiKey}\r\n\r\n{`,
  )
  await once(silent.resume(), 'close')
  running.child.stdin?.end(`${aProduct()}\n`)
  expect(await running.ended).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('All 2 records of the standard input were imported.'),
  })
  server.child.kill('SIGTERM')
  await server.ended
})

test('intake import replaces a server that went away', async () => {
  const dataDir = aDataDir()
  const server = await serve(dataDir)
  const running = intake(['import', await aFile(many(40_000, () => aProduct())), '--data-dir', dataDir])
  await running.says(/^uploaded /m)
  server.child.kill('SIGKILL')
  const { code, stdout, stderr } = await running.ended
  expect(stderr).toContain(`No server runs on ${dataDir}; this command runs one itself.`)
  expect(countsIn(stdout).total).toEqual(['40,000', '40,000', '0'])
  expect(code).toBe(0)
})

describe('intake import that cannot run', () => {
  test.each([
    ['a file that is not there', () => join(folder, 'none'), /^intake: There is no file \S+none\.$/],
    ['a folder', () => folder, /^intake: \S+ is a folder\. Give the path of a file\.$/],
    ['an empty file', () => aFile([]), /^intake: \S+ is empty: there is nothing to import\.$/],
  ])('refuses %s before it looks for a server', async (_what, path, sentence) => {
    const { code, stderr } = await runImport([await path(), '--url', 'http://127.0.0.1:1', '--api-key', 'k'])
    expect(stderr.trimEnd()).toMatch(sentence)
    expect(code).toBe(1)
  })

  test.each([
    ['no file', [], "missing required argument 'file'"],
    ['--url without a key', ['FILE', '--url', 'http://127.0.0.1:1'], 'With --url, give the API key too'],
    [
      '--url that is no URL',
      ['FILE', '--url', 'example', '--api-key', 'k'],
      '--url takes an address such as',
    ],
    ['--url and --data-dir', ['FILE', '--url', 'http://a', '--data-dir', 'b'], 'cannot be used with option'],
    ['nobody at --url', ['FILE', '--url', 'http://127.0.0.1:1', '--api-key', 'k'], 'nothing listens there.'],
  ])('exits 1 for %s', async (_what, args, sentence) => {
    const file = await aFile([aProduct()])
    const { code, stderr } = await runImport(args.map((arg) => (arg === 'FILE' ? file : arg)))
    expect(stderr).toContain(sentence)
    expect(stderr).not.toContain('    at ')
    expect(code).toBe(1)
  })

  test('shows a response that comes during the upload', async () => {
    const refusing = await refuseAfter(2 ** 20)
    const file = join(folder, 'large.jsonl')
    await writeFile(file, Buffer.alloc(64 * 2 ** 20, `${aProduct()}\n`))
    const { port } = refusing.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const { code, stderr } = await runImport([file, '--url', url, '--api-key', 'k'])
    expect(stderr).toBe(`intake: The server at ${url} answered 413: The file is too large.\n`)
    expect(code).toBe(1)
    refusing.close()
  })

  test('that was sent whole and is interrupted before it is answered may have been created', async () => {
    let whole = () => {}
    const received = new Promise<void>((resolve) => {
      whole = resolve
    })
    const silent = createServer((request) => request.on('end', whole).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const running = intake(['import', await aFile([aProduct()]), '--url', url, '--api-key', 'key'])
    await received
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(stderr).toContain('The whole file had been sent, so the import may have been created.')
    expect(code).toBe(130)
    silent.close()
  })
})

/**
 * A server that answers 413 once it has received some bytes of a body. It drops the rest, so that the
 * response can be read.
 */
async function refuseAfter(bytes: number): Promise<Server> {
  const server = createServer((request, response) => {
    let received = 0
    request.on('data', (piece: Buffer) => {
      received += piece.length
      if (received < bytes || response.headersSent) return
      response.writeHead(413, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ errors: [{ status: '413', detail: 'The file is too large.' }] }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
