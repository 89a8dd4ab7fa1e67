import { randomBytes, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openS3Store } from '../../src/uploads/s3.js'
import { UploadMissing, type UploadStore, UploadsAway } from '../../src/uploads/store.js'
import { temporaryFolder } from '../support/service.js'
import { type Bucket, hasSwift, testSwift } from '../support/swift.js'

const MIB = 2 ** 20

describe.runIf(hasSwift)('Uploads in S3', () => {
  const swift = testSwift()
  const identity = randomUUID()
  let bucket: Bucket
  let store: UploadStore
  const before = { ...process.env }
  beforeAll(async () => {
    Object.assign(process.env, swift.env)
    bucket = await swift.bucket()
    store = openStore(bucket.url)
  })
  afterAll(() => {
    process.env = before
  })

  const openStore = (url: string) => openS3Store({ url, identity: async () => identity, emit: () => {} })

  async function write(content: Buffer, pieceBytes = 64 * 1024): Promise<string> {
    const key = randomUUID()
    const writer = await store.create(key)
    for (let at = 0; at < content.length; at += pieceBytes) {
      await writer.write(content.subarray(at, at + pieceBytes))
    }
    await writer.commit()
    return key
  }

  /** Reads a file from a position on, in pieces of a size. */
  async function read(key: string, from = 0, pieceBytes = 256 * 1024): Promise<Buffer> {
    const reader = await store.open(key)
    const pieces: Buffer[] = []
    const buffer = Buffer.alloc(pieceBytes)
    for (let position = from; ; ) {
      const length = await reader.read(buffer, position)
      if (length === 0) break
      pieces.push(Buffer.from(buffer.subarray(0, length)))
      position += length
    }
    await reader.close()
    return Buffer.concat(pieces)
  }

  test.each([
    ['a few bytes', 11],
    ['exactly one part', 8 * MIB],
    ['one byte more than a part', 8 * MIB + 1],
    ['several parts', 27 * MIB + 12_345],
  ])('are the same when read again: %s', async (_, size) => {
    const content = randomBytes(size)
    const key = await write(content, 1_000_003)
    expect((await read(key)).equals(content)).toBe(true)
    expect((await read(key, Math.floor(size / 2), 999_999)).equals(content.subarray(size / 2))).toBe(true)
    expect(await bucket.unfinished()).toEqual([])
    await store.remove(key)
    expect(await bucket.parts()).toEqual([])
  })

  test('can be read here and there', async () => {
    const content = randomBytes(13 * MIB)
    const reader = await store.open(await write(content))
    const buffer = Buffer.alloc(1000)
    for (const position of [12 * MIB, 0, 4 * MIB - 500, 4 * MIB, 1000, 13 * MIB - 10]) {
      const length = await reader.read(buffer, position)
      expect(length).toBeGreaterThan(0)
      expect(buffer.subarray(0, length).equals(content.subarray(position, position + length))).toBe(true)
    }
    expect(await reader.read(buffer, content.length)).toBe(0)
    await reader.close()
  })

  test.each([
    ['before its first part', 1000],
    ['after some parts', 20 * MIB],
  ])('leave nothing if one is given up %s', async (_, size) => {
    const objects = await bucket.objects()
    const writer = await store.create(randomUUID())
    await writer.write(randomBytes(size))
    await writer.abort()
    expect(await bucket.objects()).toEqual(objects)
    expect(await bucket.unfinished()).toEqual([])
  })

  test('are not there before they are complete, and are objects under prefix and database', async () => {
    store = openStore(`${bucket.url}/some/prefix`)
    const key = randomUUID()
    const writer = await store.create(key)
    await writer.write(randomBytes(9 * MIB))
    await expect(store.open(key)).rejects.toThrow(UploadMissing)
    await writer.commit()
    expect(await bucket.objects()).toContain(`some/prefix/${identity}/${key}`)
    store = openStore(bucket.url)
  })

  test('have a second key of their own after a copy', async () => {
    const content = randomBytes(9 * MIB)
    const [from, to] = [await write(content), randomUUID()]
    await store.copy(from, to)
    await store.remove(from)
    await store.remove(from)
    expect((await read(to)).equals(content)).toBe(true)
    await expect(store.copy(from, randomUUID())).rejects.toThrow(UploadMissing)
    await expect(store.open(from)).rejects.toThrow(UploadMissing)
  })

  test('are listed with their age, and nothing else is', async () => {
    await bucket.clear()
    const keys = [await write(randomBytes(10)), await write(randomBytes(9 * MIB))]
    const other = openS3Store({ url: bucket.url, identity: async () => randomUUID(), emit: () => {} })
    await (await other.create(randomUUID())).commit()
    const listed: string[] = []
    for await (const { key, modifiedAt } of store.list()) {
      listed.push(key)
      expect(Math.abs(modifiedAt.getTime() - Date.now())).toBeLessThan(600_000)
    }
    expect(listed.sort()).toEqual(keys.sort())
  })

  test('that never ended are removed once nothing was added since', async () => {
    await bucket.clear()
    const writer = await store.create(randomUUID())
    await writer.write(randomBytes(17 * MIB))
    await expect.poll(() => bucket.parts()).toHaveLength(1)
    expect(await store.removeUnfinished(new Date(Date.now() - 60_000))).toBe(0)
    expect(await bucket.unfinished()).toHaveLength(1)
    expect(await store.removeUnfinished(new Date(Date.now() + 60_000))).toBe(1)
    expect(await bucket.unfinished()).toEqual([])
    await writer.write(randomBytes(17 * MIB)).catch(() => {})
    await expect(writer.commit()).rejects.toThrow(UploadsAway)
    await writer.abort()
    expect(await bucket.parts()).toEqual([])
  })

  describe('that are away', () => {
    const why = (url = bucket.url) =>
      openStore(url)
        .requireThere()
        .catch(({ message }: Error) => message)

    test('say that the bucket is missing', async () => {
      const message = `The uploads are away: The bucket "nowhere" does not exist at ${swift.endpoint}. Create it, or correct UPLOAD_STORE.`
      expect(await why('s3://nowhere/prefix')).toBe(message)
      await expect(openStore('s3://nowhere').open(randomUUID())).rejects.toThrow(UploadsAway)
    })

    test('say that the credentials are wrong', async () => {
      process.env.AWS_SECRET_ACCESS_KEY = 'wrong'
      expect(await why()).toMatch(/does not accept the credentials.* AWS_SECRET_ACCESS_KEY/)
      Object.assign(process.env, swift.env)
    })

    test('are back once the credentials in a file are renewed', async () => {
      const folder = await temporaryFolder()
      const file = join(folder.path, 'credentials')
      const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = swift.env
      const renew = (secret = '') =>
        writeFile(
          file,
          `[default]\naws_access_key_id = ${AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${secret}\n`,
        )
      delete process.env.AWS_ACCESS_KEY_ID
      delete process.env.AWS_SECRET_ACCESS_KEY
      process.env.AWS_SHARED_CREDENTIALS_FILE = file
      const opened = openStore(bucket.url)
      await renew('expired')
      await expect(opened.requireThere()).rejects.toThrow(UploadsAway)
      await renew(AWS_SECRET_ACCESS_KEY)
      // Read once more by the next request; the one before may have found the old ones.
      await expect.poll(() => opened.requireThere().then(() => 'there', String)).toBe('there')
      Object.assign(process.env, swift.env)
      delete process.env.AWS_SHARED_CREDENTIALS_FILE
      await folder.remove()
    })

    test('say that what answers is not S3, such as the console of an S3 server', async () => {
      const pages = createServer((_, response) => {
        response.setHeader('content-type', 'text/html').end('<html>Please sign in</html>')
      })
      await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
      const address = pages.address()
      process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
      expect(await why()).toMatch(/is not S3\. Is AWS_ENDPOINT_URL the address of the S3 API/)
      await expect(openStore(bucket.url).create(randomUUID())).rejects.toThrow(UploadsAway)
      Object.assign(process.env, swift.env)
      pages.close()
    })

    test('say that the server cannot be reached', async () => {
      process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:9'
      expect(await why()).toMatch(/http:\/\/127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\)/)
      Object.assign(process.env, swift.env)
    })

    test('are back once the server is', async () => {
      const content = randomBytes(9 * MIB)
      const key = await write(content)
      await swift.kill()
      await expect(read(key)).rejects.toThrow(UploadsAway)
      await expect(store.requireThere()).rejects.toThrow(UploadsAway)
      await swift.start()
      await store.requireThere()
      expect((await read(key)).equals(content)).toBe(true)
    })
  })
})
