import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aProduct, file, times } from '../../support/builders.js'
import { externalRef, formEnd, formType, importFile, multipart, partHead } from '../../support/multipart.js'
import { type ServeProcess, serve, temporaryFolder, testService } from '../../support/service.js'
import { answerOn, asChunk, openSocket, type RawAnswer } from '../../support/sockets.js'

const BODY_BYTES = 12 * 2 ** 20
const MAX_UPLOAD_BYTES = 16 * 2 ** 20

const service = testService({
  REQUEST_TIMEOUT: '10',
  MAX_UPLOADS: '2',
  MAX_RECORDS: '1000',
  MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES),
})
let away: ServeProcess
let awayFolder: Awaited<ReturnType<typeof temporaryFolder>>
let taken: string
beforeAll(async () => {
  taken = (await service.api.create(file(aProduct()), { externalRef: 'taken' })).id
  awayFolder = await temporaryFolder()
  away = await serve({ DATA_DIR: awayFolder.path, DATABASE_URL: 'postgresql://127.0.0.1:1/x', API_KEY: 'x' })
})
afterAll(async () => {
  await away.stop()
  await awayFolder.remove()
})

/** How many uploads are coming in. */
const incoming = async () => (await service.uploads()).filter((path) => path.includes('incoming')).length

const write = (socket: Socket, bytes: string | Buffer) =>
  new Promise<void>((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())))

interface Sent {
  readonly line: string
  readonly headers?: readonly string[]
  readonly body?: Buffer
  readonly key?: string
  readonly url?: string
}

/** Sends a whole request and reads nothing before that, as simple clients do. */
async function sendThenRead(
  { line, headers = [], body = filler, key = service.api.key, url = service.server.url }: Sent,
  connection: string,
  isChunked: boolean,
): Promise<RawAnswer> {
  const socket = openSocket(url)
  const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`
  const authorization = `authorization: Bearer ${key}`
  const lines = [
    `${line} HTTP/1.1`,
    'host: intake',
    authorization,
    `connection: ${connection}`,
    framing,
    ...headers,
  ]
  await write(socket, `${lines.join('\r\n')}\r\n\r\n`)
  for (let at = 0; at < body.length; at += 2 ** 18) {
    const piece = body.subarray(at, at + 2 ** 18)
    await write(socket, isChunked ? asChunk(piece) : piece)
  }
  if (isChunked) await write(socket, '0\r\n\r\n')
  return await answerOn(socket)
}

const filler = Buffer.alloc(BODY_BYTES, `${JSON.stringify(aProduct())}\n`)
const form = multipart([externalRef('taken'), importFile(filler)])
const imports = 'POST /subscriptions/imports'
const asForm = { line: imports, headers: [`content-type: ${formType}`], body: form }
const asLines = { line: imports, headers: ['content-type: application/jsonl'] }
const asJson = { line: 'POST /subscriptions/products', headers: ['content-type: application/json'] }

describe('A response sent before the body was read reaches a client that reads last', () => {
  const cases: [number, string, () => Sent][] = [
    [401, 'a form', () => ({ ...asForm, key: 'wrong' })],
    [401, 'JSON', () => ({ ...asJson, key: 'wrong' })],
    [404, 'what no route takes', () => ({ line: 'POST /nothing' })],
    [400, 'a path that cannot be decoded', () => ({ line: 'POST /%zz' })],
    [405, 'lines', () => ({ ...asLines, line: 'PUT /subscriptions/imports' })],
    [409, 'a form', () => asForm],
    [409, 'lines', () => ({ ...asLines, line: `${imports}?external_ref=taken` })],
    [413, 'JSON', () => asJson],
    [413, 'a file', () => ({ ...asLines, body: Buffer.alloc(MAX_UPLOAD_BYTES * 2, '\n') })],
    [415, 'text', () => ({ line: imports, headers: ['content-type: text/plain'] })],
    [
      415,
      'lines in an unknown encoding',
      () => ({ ...asLines, headers: [...asLines.headers, 'content-encoding: br'] }),
    ],
    [400, 'a file with too many records', () => asLines],
    [400, 'lines with an unknown parameter', () => ({ ...asLines, line: `${imports}?nonsense=1` })],
    [503, 'a service without its database', () => ({ ...asForm, url: away.url })],
  ]
  const ways = ['close', 'keep-alive'].flatMap((connection) => [
    [connection, false] as const,
    [connection, true] as const,
  ])
  test.each(cases)('%i: %s', async (status, _, sent) => {
    for (const [connection, isChunked] of ways) {
      const answer = await sendThenRead(sent(), connection, isChunked)
      expect(answer.status).toBe(status)
      expect(answer.body).toMatch(new RegExp(`^(\\w+\\r\\n)?{"errors":\\[{"status":"${status}"`))
      expect(answer.head.toLowerCase()).toContain('\r\nconnection: close')
      if (status === 409) expect(answer.body).toContain(taken)
    }
  })

  test('429, and what is still being sent after a response does not count as an upload', async () => {
    const held = [asLines, asLines].map(({ line, headers }) => {
      const socket = openSocket(service.server.url)
      const head = [
        `${line} HTTP/1.1`,
        'host: intake',
        `authorization: Bearer ${service.api.key}`,
        ...headers,
      ]
      const begun = `content-length: ${BODY_BYTES}\r\n\r\n${JSON.stringify(aProduct())}\n`
      socket.write(`${head.join('\r\n')}\r\n${begun}`)
      return socket
    })
    await expect.poll(incoming).toBe(2)
    expect((await sendThenRead(asLines, 'close', false)).status).toBe(429)
    // These get their response, and continue.
    const tooMany = times(1001, () => aProduct())
    for (const socket of held) {
      await write(socket, tooMany)
      await once(socket, 'readable')
      await write(socket, tooMany)
    }
    expect((await service.api.upload(file(aProduct()))).status).toBe(201)
    for (const socket of held) socket.destroy()
    await expect.poll(incoming).toBe(0)
  })
})

test('A small body that arrives after its response leaves the connection usable for the next request', async () => {
  const socket = openSocket(service.server.url)
  socket.write('POST /subscriptions/products HTTP/1.1\r\nhost: intake\r\ncontent-length: 4\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /)
  socket.write('{}{}GET /healthz HTTP/1.1\r\nhost: intake\r\nconnection: close\r\n\r\n')
  expect((await answerOn(socket)).status).toBe(200)
})

test.each([
  ['with its headers', (write: (body: boolean) => void) => write(true)],
  [
    'after them, and before its answer',
    (write: (body: boolean) => void) => {
      write(false)
      setImmediate(write, true)
    },
  ],
])(
  'A small body that comes %s, and that nobody reads, leaves the connection for the next request',
  async (_, send) => {
    const socket = openSocket(service.server.url)
    const body = file(aProduct())
    const head =
      `${imports}?nonsense=1 HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${service.api.key}\r\n` +
      `content-type: application/jsonl\r\ncontent-length: ${body.length}\r\n\r\n`
    for (let round = 0; round < 20; round += 1) {
      let rest = head
      send((isBody) => {
        socket.write(isBody ? rest + body : rest)
        rest = ''
      })
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /)
    }
    socket.destroy()
  },
)

describe('A client that asks whether to send its body', () => {
  const ask = (line: string, key: string) => {
    const socket = openSocket(service.server.url)
    const head = [`${line} HTTP/1.1`, 'host: intake', `authorization: Bearer ${key}`, 'expect: 100-continue']
    const body = multipart([importFile(file(aProduct()))])
    socket.write(
      `${head.join('\r\n')}\r\ncontent-type: ${formType}\r\ncontent-length: ${body.length}\r\n\r\n`,
    )
    return { socket, body }
  }

  test.each([
    [401, imports, () => 'wrong'],
    [400, `${imports}?dry_run=true`, () => service.api.key],
    [415, 'POST /subscriptions/products', () => service.api.key],
    [404, 'POST /nothing', () => service.api.key],
  ])('is answered %i at once', async (status, line, key) => {
    const answer = await answerOn(ask(line, key()).socket)
    expect(answer.status).toBe(status)
    expect(answer.head.toLowerCase()).toContain('\r\nconnection: close')
  })

  test('is told to continue', async () => {
    const { socket, body } = ask(imports, service.api.key)
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(first.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write(body)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 201 /)
    socket.destroy()
  })
})

test('A protocol error during an upload is answered, and nothing of the upload is left', async () => {
  const before = await service.uploads()
  const socket = openSocket(service.server.url)
  socket.write(
    `${imports} HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${service.api.key}\r\n` +
      `content-type: ${formType}\r\ntransfer-encoding: chunked\r\n\r\n`,
  )
  socket.write(asChunk(Buffer.from(partHead(importFile('')) + file(aProduct()))))
  await expect.poll(async () => (await service.uploads()).length).toBe(before.length + 1)
  socket.write(`no chunk\r\n${formEnd}`)
  expect((await answerOn(socket)).status).toBe(400)
  await expect.poll(() => service.uploads()).toEqual(before)
})

test('A client that stays after its response does not delay a stop', async () => {
  const socket = openSocket(service.server.url)
  socket.allowHalfOpen = true
  socket.write(`${imports} HTTP/1.1\r\nhost: intake\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`)
  await once(socket, 'readable')
  expect(await service.server.stop()).toBe(0)
  socket.destroy()
})
