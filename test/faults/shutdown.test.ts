import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { aProduct, file, times } from '../support/builders.js'
import { formEnd, formType, partHead } from '../support/multipart.js'
import { testServiceEach } from '../support/service.js'

const service = testServiceEach({ LOG_LEVEL: 'info' })

/** An upload that has started and waits for the rest of its bytes. */
async function beginUpload() {
  const { url, key } = service.api
  const upload = request(new URL('/subscriptions/imports', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': formType },
  })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    upload.once('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    upload.once('error', reject)
  })
  answered.catch(() => {})
  upload.write(partHead({ name: 'import_file', fileName: 'import.jsonl' }) + file(aProduct()))
  while ((await service.uploads()).length === 0) await sleep(5)
  return { upload, answered }
}

/** Resolves once the service accepts no more connections. */
async function refusesConnections(): Promise<void> {
  const { port, hostname } = new URL(service.api.url)
  for (;;) {
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), hostname)
      socket.once('connect', () => resolve(false))
      socket.once('error', () => resolve(true))
      socket.once('close', () => resolve(true))
      socket.once('connect', () => socket.destroy())
    })
    if (refused) return
    await sleep(5)
  }
}

test('SIGTERM lets a running request end, and accepts no new connections', async () => {
  const { upload, answered } = await beginUpload()
  const ended = service.server.stop()
  await refusesConnections()
  upload.end(`\r\n${formEnd}`)
  expect(await answered).toBe(201)
  expect(await ended).toBe(0)
  await service.restart()
  const { body } = await service.api.get('/subscriptions/imports')
  expect((await service.api.finished(body.data[0].id)).attributes.status).toBe('success')
})

test('SIGTERM cuts off an upload that does not end, and leaves nothing of it', async () => {
  const { answered } = await beginUpload()
  const ended = service.server.stop()
  await expect(answered).rejects.toThrow()
  expect(await ended).toBe(0)
  expect(await service.uploads()).toEqual([])
})

test('SIGTERM pauses a job at a checkpoint and releases its lease: the next process resumes it at once', async () => {
  const records = 200_000
  const { id } = await service.api.create(times(records, (n) => aProduct({ external_ref: `p-${n}` })))
  while (((await service.api.find(id)).meta.records.imported.subscription_product ?? 0) === 0);
  expect(await service.server.stop()).toBe(0)
  const { rows } = await service.pool.query(
    `select i.status, c.imported, i.checkpoint_lines, i.attempts, i.lease_expires_at is null as is_free,
            i.retry_at <= now() as is_due
     from imports i join import_counts c on c.import_id = i.id and c.type = 'subscription_product'
     where i.id = $1`,
    [id],
  )
  expect(rows).toEqual([
    {
      status: 'started',
      imported: expect.any(Number),
      checkpoint_lines: rows[0].imported,
      attempts: 0,
      is_free: true,
      is_due: true,
    },
  ])
  expect(rows[0].imported).toBeLessThan(records)
  await service.restart()
  const { attributes, meta } = await service.api.finished(id)
  expect(attributes.status).toBe('success')
  expect(meta.records.imported.subscription_product).toBe(records)
})

test('a second signal ends the process at once; nothing that was answered is lost', async () => {
  const { id } = await service.api.create(file(aProduct()))
  const { answered } = await beginUpload()
  const ended = new Promise((resolve) => service.server.process.once('exit', resolve))
  service.server.process.kill('SIGTERM')
  await refusesConnections()
  // Later than the two signals that a terminal and npm make of one Ctrl-C.
  await sleep(600)
  service.server.process.kill('SIGTERM')
  expect(await ended).toBe(143)
  await expect(answered).rejects.toThrow()
  await service.restart()
  expect((await service.api.finished(id)).attributes.status).toBe('success')
})
