import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { S3Request } from '../../src/uploads/s3/bucket.js'
import { openS3Store } from '../../src/uploads/s3.js'

const MIB = 2 ** 20
const UPLOADS = 12

/** Takes parts at once, for which a real server would need a minute, and never answers for a second block. */
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const { method, url = '', headers } = request
    if (method === 'HEAD') return response.setHeader('content-length', 13 * MIB).end()
    if (headers.range !== undefined) {
      if (headers.range.startsWith('bytes=0-')) response.end(Buffer.alloc(4 * MIB))
      return
    }
    const root = method === 'POST' && url.includes('uploads') ? 'InitiateMultipartUploadResult' : 'Result'
    response.setHeader('etag', '"part"')
    response.end(method === 'PUT' ? '' : `<${root}><Name>bucket</Name><UploadId>one</UploadId></${root}>`)
  })
})

const before = { ...process.env }
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const credentials = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }
  Object.assign(process.env, { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, ...credentials })
})
afterAll(() => {
  process.env = before
  server.closeAllConnections()
  server.close()
})

const requests: string[] = []
const emit = ({ action, outcome }: S3Request) => void requests.push(`${action} ${outcome}`)
const store = openS3Store({ url: 's3://bucket', identity: async () => 'database', emit })

test('large uploads to S3 have one part each in memory, and eight together', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = () => {
    collect()
    return process.memoryUsage().arrayBuffers
  }
  const atStart = held()
  const writers = await Promise.all(Array.from({ length: UPLOADS }, () => store.create(randomUUID())))
  const piece = Buffer.alloc(MIB)
  for (let written = 0; written < 25; written += 1) {
    await Promise.all(writers.map((writer) => writer.write(piece)))
  }
  await expect.poll(() => (held() - atStart) / MIB).toBeLessThan((UPLOADS + 8) * 8 + 16)
  await Promise.all(writers.map((writer) => writer.abort()))
})

test('what a reader of S3 gives up has not failed, and S3 is not away', async () => {
  requests.length = 0
  const reader = await store.open(randomUUID())
  await reader.read(Buffer.alloc(1000), 0)
  await reader.close()
  await store.requireThere()
  expect(requests).toEqual(['HeadObject done', 'GetObject done'])
})
