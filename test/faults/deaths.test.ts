import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { held, whileHolding } from '../support/holding.js'
import { testService } from '../support/service.js'

const service = testService()

/**
 * Waits until the import has been claimed this often without progress. Returns how long the next claim would
 * wait, in s.
 */
async function claimed(id: string, fence: number): Promise<number> {
  for (;;) {
    const { rows } = await service.pool.query<{ wait: number }>(
      `select extract(epoch from retry_at - now())::double precision as wait
       from imports where id = $1 and fence >= $2 and lease_expires_at is not null`,
      [id, fence],
    )
    if (rows[0]) return rows[0].wait
    await sleep(20)
  }
}

test('Nine processes that die before an import’s first chunk do not fail it, and each waits longer than the one before', async () => {
  let id = ''
  await whileHolding(service, service.api, 'held', async () => {
    ;({ id } = await service.api.create(held()))
    const waits: number[] = []
    for (let deaths = 1; deaths <= 9; deaths += 1) {
      waits.push(await claimed(id, deaths))
      await service.server.kill()
      // As if that time had passed: the whole is some eight minutes.
      await service.pool.query('update imports set retry_at = now() where id = $1', [id])
      await service.restart()
    }
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0)
    expect(waits.at(-1)).toBeGreaterThan(60)
    await claimed(id, 10)
  })
  expect((await service.api.finished(id)).attributes.status).toBe('success')
})

test('An import with which twenty processes in a row have died fails, and a retry resumes it', async () => {
  let id = ''
  await whileHolding(service, service.api, 'held again', async () => {
    ;({ id } = await service.api.create(held('held again')))
    await claimed(id, 1)
    await service.server.kill()
    await service.pool.query('update imports set claims = 20, retry_at = null where id = $1', [id])
    await service.restart()
    const { attributes, meta } = await service.api.finished(id)
    expect(attributes.status).toBe('failed')
    expect(meta.failure).toEqual({
      reason: 'fault',
      detail: expect.stringMatching(
        /^The server's process ended 20 times.* at line 1 or soon after\..*a retry resumes/,
      ),
    })
  })
  const { status } = await service.api.post(`/subscriptions/imports/${id}/retry`, {})
  expect(status).toBe(200)
  expect((await service.api.finished(id)).attributes.status).toBe('success')
})
