import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { intake } from '../../support/cli.js'
import { createEmptyDatabase, serve, temporaryFolder } from '../../support/service.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let database: Awaited<ReturnType<typeof createEmptyDatabase>>
beforeAll(async () => {
  folder = await temporaryFolder()
  database = await createEmptyDatabase()
})
afterAll(async () => {
  await database.drop()
  await folder.remove()
})

const settings = () => ({ DATA_DIR: join(folder.path, 'data'), DATABASE_URL: database.databaseUrl })

const distribute = (...flags: readonly string[]) => intake(['db', 'distribute', ...flags], settings())

test('a plain PostgreSQL is not distributed, and is as it was', async () => {
  const { code, stdout, stderr } = await distribute()
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(
    /^intake: The database is a plain PostgreSQL: [^\n]+ \(docs\/operations\/citus\.md\), and set DATABASE_URL to it\.\n$/,
  )
  await (await serve(settings())).stop()
})

test.each(['0', '1025', 'many', '-1'])('--shards %s is refused', async (shards) => {
  const { code, stderr } = await distribute(`--shards=${shards}`)
  expect(code).toBe(1)
  expect(stderr).toContain("option '--shards <number>' argument")
})
