import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createPool, type Pool } from '../../../src/db/pool.js'
import { SharedLimit } from '../../../src/http/access/limits.js'
import { testService } from '../../support/service.js'

const service = testService()

/** A process's share of a limit for a minute, so that no window ends within a test. */
const process = (points: number, pool: Pool = service.pool) =>
  new SharedLimit(pool, { name: 'test', points, duration: 60 })

/** How many of so many at once are not too many. */
async function admitted(limit: SharedLimit, key: string, count: number): Promise<number> {
  const results = await Promise.allSettled(Array.from({ length: count }, () => limit.consume(key)))
  return results.filter(({ status }) => status === 'fulfilled').length
}

describe('A limit that processes share', () => {
  test.each([1, 7, 20, 1010])('of %i is reached by all of them together, and exactly', async (points) => {
    const key = randomUUID()
    const processes = [process(points), process(points), process(points)]
    let sum = 0
    for (let round = 0; round < 3; round += 1) {
      for (const one of processes) sum += await admitted(one, key, Math.ceil(points / 2))
    }
    expect(sum).toBe(points)
    for (const one of processes) {
      await expect(one.consume(key)).rejects.toMatchObject({ msBeforeNext: expect.any(Number) })
      expect(await one.refusalOf(key)).toBeDefined()
    }
  })

  test('is not held by a process that does not need it: at most a quarter more than it uses', async () => {
    const key = randomUUID()
    const first = process(1000)
    expect(await admitted(first, key, 400)).toBe(400)
    expect(await admitted(process(1000), key, 1000)).toBeGreaterThanOrEqual(1000 - 400 - 100)
  })

  test('seldom asks the database', async () => {
    let statements = 0
    const counting: Pool = {
      connect: () => service.pool.connect(),
      query: (statement, values) => {
        statements += 1
        return service.pool.query(statement as string, values)
      },
    }
    expect(await admitted(process(10_000, counting), randomUUID(), 10_000)).toBe(10_000)
    expect(statements).toBeLessThan(60)
  })

  test('is another one for each key', async () => {
    const one = process(5)
    expect(await admitted(one, randomUUID(), 5)).toBe(5)
    expect(await admitted(one, randomUUID(), 5)).toBe(5)
  })
})

describe('Where a process has a clock that is a day ahead', () => {
  test('the others count for themselves what it began, and refuse nobody for a day', async () => {
    const key = randomUUID()
    await service.pool.query('insert into rate_limits (key, points, expire) values ($1, 50, $2)', [
      `test:${key}`,
      Date.now() + 24 * 3_600_000,
    ])
    const other = process(50)
    expect(await admitted(other, key, 200)).toBe(50)
    await expect(other.consume(key)).rejects.toMatchObject({ msBeforeNext: expect.any(Number) })
  })
})

describe('While the database is away or slow', () => {
  test('the table may be locked: requests keep the connections', async () => {
    const pool = createPool({ connectionString: service.databaseUrl }, 10, () => {})
    const holder = await service.pool.connect()
    await holder.query('begin; lock table rate_limits in access exclusive mode')
    const limit = process(50, pool)
    const keys = Array.from({ length: 30 }, () => randomUUID())
    expect(await Promise.all(keys.map((key) => admitted(limit, key, 3)))).toEqual(keys.map(() => 3))
    expect(pool.totalCount).toBeLessThanOrEqual(2)
    await holder.query('rollback')
    holder.release()
    await pool.end()
  })

  test('a process counts for itself', async () => {
    const pool = createPool({ connectionString: 'postgresql://127.0.0.1:1/nowhere' }, 1, () => {})
    expect(await admitted(process(50, pool), randomUUID(), 200)).toBe(50)
    await pool.end()
  })

  test('requests wait for it once and not one after the other', async () => {
    // It accepts connections and says nothing.
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : 0
    const pool = createPool({ connectionString: `postgresql://127.0.0.1:${port}/nowhere` }, 1, () => {})
    const limit = process(50, pool)
    const before = performance.now()
    for (let key = 0; key < 40; key += 1) expect(await admitted(limit, `${key}`, 3)).toBe(3)
    expect(performance.now() - before).toBeLessThan(5000)
    silent.close()
    void pool.end()
  })
})
