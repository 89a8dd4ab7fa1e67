import { expect, test } from 'vitest'
import { aProduct, file, times } from '../support/builders.js'
import { testService } from '../support/service.js'

const service = testService()

/** Ends every connection of the service, as a restart of the database does. Returns how many there were. */
async function cutConnections(condition = 'true'): Promise<number> {
  const { rowCount } = await service.pool.query(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and application_name = 'intake' and ${condition}`)
  return rowCount ?? 0
}

test('a database that closes connections during an import does not end the service, and the import continues', async () => {
  const store = await service.addStore()
  const { id } = await store.create(times(60_000, (n) => aProduct({ external_ref: `p-${n}` })))
  for (const share of [0, 10_000, 20_000, 30_000, 40_000]) {
    for (;;) {
      const { imported } = (await retried(() => store.find(id))).meta.records
      if ((imported.subscription_product ?? 0) >= share) break
    }
    await cutConnections("query !~ 'pg_terminate_backend' and backend_type = 'client backend'")
  }
  const { attributes, meta } = await retried(() => store.finished(id))
  expect(attributes.status).toBe('success')
  expect(meta.records.imported.subscription_product).toBe(60_000)
  expect(service.server.process.exitCode).toBeNull()
})

test('a limit that changes between the POST and the job does not change how a line is read', async () => {
  const store = await service.addStore()
  const { id } = await store.create(
    times(60_000, (n) => aProduct({ external_ref: `p-${n}`, description: 'x'.repeat(200) })),
  )
  await service.restart({ MAX_LINE_BYTES: '100' })
  const { meta } = await store.at(service.server.url).finished(id)
  expect(meta.records.imported).toEqual(meta.records.uploaded)
  await service.restart()
})

test('a POST whose database connection is cut fails alone, and the service continues', async () => {
  const blocker = await service.pool.connect()
  const store = (await service.addStore()).at(service.server.url)
  await store.import(file(aProduct()))
  await blocker.query('begin')
  await blocker.query("select from totals where resource = 'imports' for update")
  const posts = [1, 2, 3].map(() => store.upload(file(aProduct())))
  const waiting = "wait_event_type = 'Lock'"
  while ((await waitingCount(waiting)) < 3);
  expect(await cutConnections(waiting)).toBe(3)
  for (const { status, body } of await Promise.all(posts)) {
    expect(status).toBe(503)
    expect(body.errors[0].title).toBe('Service Unavailable')
  }
  await blocker.query('rollback')
  blocker.release()
  expect((await retried(() => store.import(file(aProduct())))).attributes.status).toBe('success')
})

async function waitingCount(condition: string): Promise<number> {
  const { rows } = await service.pool.query(
    `select count(*)::int as waiting from pg_stat_activity where datname = current_database() and ${condition}`,
  )
  return rows[0].waiting
}

/** The test's own request may meet a connection that was just cut. */
async function retried<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}
