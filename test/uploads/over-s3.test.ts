import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { aProduct, file, times } from '../support/builders.js'
import { formEnd, importFile, multipart } from '../support/multipart.js'
import { overS3 } from '../support/over-s3.js'
import { openUpload } from '../support/sockets.js'
import { hasSwift } from '../support/swift.js'

const PART = 8 * 2 ** 20

/** A file of exactly so many bytes: a product in its first and last line, and long garbage between them. */
function fileOf(bytes: number): { content: string; rejected: string } {
  const [first, last] = [file(aProduct()), file(aProduct())]
  const missing = bytes - first.length - last.length
  const long = `${'g'.repeat(999_999)}\n`
  const rest = missing % long.length
  const rejected =
    long.repeat(Math.floor(missing / long.length)) + (rest > 0 ? `${'r'.repeat(rest - 1)}\n` : '')
  return { content: first + rejected + last, rejected }
}

const MAX_UPLOAD_BYTES = 5 * PART

describe.skipIf(!hasSwift)('With the uploads in a bucket', () => {
  const { service, uploads, another } = overS3({ MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES) })

  /** What is there of uploads, complete or not, and in the database. */
  const state = async () => ({
    ...(await uploads.files()),
    imports: (await service.pool.query('select count(*)::int as n from imports')).rows[0].n,
  })

  test.each([2000, PART, PART + 1, 3 * PART + 4_000_000])(
    'a file of %i bytes is one object: imported whole, and its rejected lines are as they were',
    async (bytes) => {
      const { content, rejected } = fileOf(bytes)
      expect(content).toHaveLength(bytes)
      const store = await service.addStore()
      const { id } = await store.create(content)
      const { whole, incoming } = await uploads.files()
      expect(whole).toContain(id)
      expect(incoming).toEqual([])
      const { attributes, meta } = await store.finished(id)
      expect(attributes.status).toBe('success')
      expect(meta.file.bytes).toBe(bytes)
      expect(meta.records.imported.subscription_product).toBe(2)
      const answer = await store.get(`/subscriptions/imports/${id}/rejected`)
      expect(answer.status).toBe(200)
      expect(answer.body === rejected).toBe(true)
    },
  )

  test('a compressed file is stored decompressed', async () => {
    const store = await service.addStore()
    const { content, rejected } = fileOf(PART + 1000)
    const { id, meta } = await store.import(gzipSync(content), { fileName: 'import.jsonl.gz' })
    expect(meta.file.bytes).toBe(content.length)
    expect((await store.get(`/subscriptions/imports/${id}/rejected`)).body === rejected).toBe(true)
  })

  test('a client that breaks off leaves nothing, whichever part it was at', async () => {
    const before = await state()
    for (const bytes of [1000, PART + 1000, 3 * PART]) {
      const form = multipart([importFile(fileOf(bytes).content)], '')
      const socket = openUpload(service.api, '', `content-length: ${form.length + formEnd.length}`)
      await new Promise<void>((resolve) => socket.write(form, () => resolve()))
      if (bytes > PART) await expect.poll(async () => (await uploads.files()).incoming).not.toEqual([])
      socket.resetAndDestroy()
      await expect.poll(state).toEqual(before)
    }
  })

  test('a refused file leaves nothing, whatever it is refused for', async () => {
    await service.api.create(file(aProduct()), { externalRef: 'taken' })
    const before = await state()
    const long = fileOf(2 * PART).content
    const refused = [
      await service.api.upload(long, { externalRef: 'taken' }),
      await service.api.upload(file(aProduct()), { externalRef: 'taken' }),
      await service.api.upload(long, { fixes: '00000000-0000-7000-8000-000000000000' }),
      await service.api.upload(`${'garbage '.repeat(100_000)}\n`.repeat(12)),
      await service.api.upload(gzipSync(fileOf(MAX_UPLOAD_BYTES + 1).content), {
        fileName: 'import.jsonl.gz',
      }),
      await service.api.upload(gzipSync(long).subarray(0, 10_000), { fileName: 'import.jsonl.gz' }),
      await service.api.postForm(multipart([importFile(long)], '')),
    ]
    expect(refused.map(({ status }) => status)).toEqual([409, 409, 400, 400, 413, 400, 400])
    expect(await state()).toEqual(before)
  })

  test('an import of a rehearsed file has an object of its own', async () => {
    const store = await service.addStore()
    const { content, rejected } = fileOf(PART + 1000)
    const rehearsal = await store.import(content, { dryRun: true })
    const { status, body } = await store.request(`/subscriptions/imports/${rehearsal.id}/run`, {
      method: 'POST',
    })
    expect(status).toBe(201)
    const { id } = await store.finished(body.data.id)
    await service.pool.query(
      "update imports set finished_at = finished_at - interval '40 days' where id = $1",
      [rehearsal.id],
    )
    await expire(rehearsal.id)
    expect((await uploads.files()).whole).not.toContain(rehearsal.id)
    expect((await store.get(`/subscriptions/imports/${rehearsal.id}/rejected`)).status).toBe(410)
    expect((await store.get(`/subscriptions/imports/${id}/rejected`)).body === rejected).toBe(true)
  })

  /** As if its report had expired hours ago; every process looks at its start for what that concerns. */
  async function expire(id: string): Promise<void> {
    await service.pool.query("update imports set expired_at = now() - interval '2 hours' where id = $1", [id])
    const process = await another()
    await expect
      .poll(async () => {
        const { rows } = await service.pool.query('select upload_deleted_at from imports where id = $1', [id])
        return rows[0].upload_deleted_at
      })
      .not.toBeNull()
    await process.stop()
  }

  test('two processes delete what has expired, each object once, and nothing else', async () => {
    const store = await service.addStore()
    const kept = await store.import(file(aProduct()))
    const ids: string[] = []
    for (let n = 0; n < 25; n += 1) ids.push((await store.import(`${file(aProduct())}garbage\n`)).id)
    await service.pool.query(
      `update imports set finished_at = finished_at - interval '40 days', expired_at = now() - interval '2 hours'
       where id = any($1)`,
      [ids],
    )
    const both = await Promise.all([another(), another()])
    await expect
      .poll(async () => (await uploads.files()).whole.filter((key) => ids.includes(key)))
      .toEqual([])
    for (const process of both) expect(await process.stop()).toBe(0)
    for (const process of both) expect(process.stderr()).toBe('')
    expect((await uploads.files()).whole).toContain(kept.id)
    const answer = await store.get(`/subscriptions/imports/${ids[0]}/rejected`)
    expect(answer.status).toBe(410)
  })

  test('many files at once are each whole', async () => {
    const store = await service.addStore()
    const contents = Array.from({ length: 12 }, (_, n) => times(200 + n, () => aProduct()))
    const created = await Promise.all(contents.map((content) => store.create(content)))
    const counts = await Promise.all(
      created.map(async ({ id }) => (await store.finished(id)).meta.records.imported.subscription_product),
    )
    expect(counts).toEqual(contents.map((_, n) => 200 + n))
    expect((await uploads.files()).incoming).toEqual([])
  })
})
