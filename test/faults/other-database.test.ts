import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { aProduct, file } from '../support/builders.js'
import { insertImport, ownerIdOf } from '../support/rows.js'
import { createDatabase, testServiceEach } from '../support/service.js'

const service = testServiceEach()
let other: Awaited<ReturnType<typeof createDatabase>>
beforeEach(async () => {
  other = await createDatabase()
})
afterEach(async () => {
  await other.drop()
})

/** A service that is started by mistake on a database that does not have the imports. */
const startOnAnother = () => service.restart({ DATABASE_URL: other.databaseUrl })

test('a start on another database is a one-line error, and loses no file of an import that was answered with 201', async () => {
  // An import that another process runs: it blocks the ones after it.
  const owner = await ownerIdOf(service.pool, service.api)
  await insertImport(service.pool, owner, { status: 'started' })
  const posted = (await service.api.upload(file(aProduct()))).body.data
  expect(posted.attributes.status).toBe('pending')
  await service.server.kill()
  const error = await startOnAnother().catch((given: Error) => given)
  expect(String(error)).toMatch(
    /ended with 1:\nintake: The uploads in .* belong to another database[^\n]*\n$/,
  )
  await service.pool.query("delete from imports where upload_store = 'none'")
  await service.restart()
  expect((await service.api.finished(posted.id)).attributes.status).toBe('success')
})

test('a data directory without uploads may change its database, and so may one whose database is gone for good', async () => {
  await startOnAnother()
  await service.restart()
  await service.api.import(file(aProduct()))
  await service.server.kill()
  await expect(startOnAnother()).rejects.toThrow('another database')
  await rm(join(service.dataDir, 'database'))
  await startOnAnother()
  expect(await service.uploads()).toEqual([expect.stringMatching(/\.jsonl$/)])
})

test('a data directory whose id is gone is a one-line error, and loses no file either', async () => {
  const posted = await service.api.import(file(aProduct(), 'garbage'))
  await service.server.kill()
  const id = join(service.dataDir, 'id')
  await rename(id, `${id}.kept`)
  const error = await service.restart().catch((given: Error) => given)
  expect(String(error)).toMatch(/ended with 1:\nintake: The data directory .* has uploads[^\n]*\n$/)
  await rename(`${id}.kept`, id)
  await service.restart()
  const rejected = await service.api.get(`/subscriptions/imports/${posted.id}/rejected`)
  expect(rejected.body).toBe('garbage\n')
})
