import { describe, expect, test } from 'vitest'
import { aPlan, aProduct, counts, file, times } from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService({})
const api = newStoreEach(service)

const bad = aProduct({ name: 'x' })

const retry = (id: string) => api.request(`/subscriptions/imports/${id}/retry`, { method: 'POST' })

/** Of many chunks: every third line of the first half is rejected, and none of the second. */
const CHUNK = 2000
const many =
  times(4 * CHUNK, (n) => (n % 3 === 0 ? bad : aProduct({ external_ref: `a-${n}` }))) +
  times(4 * CHUNK, (n) => aProduct({ external_ref: `b-${n}` }))
const REJECTED = Math.ceil((4 * CHUNK) / 3)

describe('max_errors', () => {
  test('as many rejected lines are allowed', async () => {
    const content = file(bad, '{', aPlan({ name: 7, plan_length: 0 }), aProduct())
    const { attributes, meta } = await api.import(content, { maxErrors: 3 })
    expect(attributes.status).toBe('success')
    // The third line has two errors.
    expect([meta.errors, meta.max_errors]).toEqual([4, 3])
  })

  test('one more, of any pass or malformed, and the import has failed; what was imported stays', async () => {
    const content = file(bad, '{', aPlan({ name: 7 }), aProduct())
    const { id, attributes, meta } = await api.import(content, { maxErrors: 2 })
    expect(attributes.status).toBe('failed')
    expect(meta.failure).toEqual({
      reason: 'too_many_errors',
      detail:
        '3 lines were rejected, and max_errors allows 2. ' +
        'What had been imported stays; a retry resumes from where it stopped, without this limit.',
    })
    expect(meta.records.imported).toEqual(counts(1))
    expect(meta.progress).toBeLessThan(1)
    expect(await api.errors(id)).toHaveLength(3)
  })

  test('0 allows none', async () => {
    expect((await api.import(file(aProduct()), { maxErrors: 0 })).attributes.status).toBe('success')
    const { meta } = await api.import(file(bad, aProduct()), { maxErrors: 0 })
    expect(meta.failure?.detail).toMatch(/^1 line was rejected, and max_errors allows 0\./)
  })

  test('stops with the chunk that exceeds it, the same every time', async () => {
    const runs = []
    for (let run = 0; run < 3; run += 1) {
      const store = await service.addStore()
      const { id, meta } = await store.import(many, { maxErrors: 700 })
      expect(meta.failure?.reason).toBe('too_many_errors')
      const total = (await store.get('/subscriptions/products')).body.meta.results.total
      expect(total).toBe(meta.records.imported.subscription_product)
      const errors = await store.errors(id)
      expect(errors).toHaveLength(meta.errors)
      runs.push({ meta: { ...meta, timestamps: undefined }, errors })
    }
    const [first, ...others] = runs
    for (const other of others) expect(other).toEqual(first)
    expect(first?.meta.errors).toBeGreaterThan(700)
    expect(first?.meta.errors).toBeLessThan(REJECTED)
  })

  test('is lifted by a retry, which goes on from where it stopped', async () => {
    const { id } = await api.import(many, { maxErrors: 700 })
    const { status, body } = await retry(id)
    expect(status).toBe(200)
    expect(body.data.meta.max_errors).toBeUndefined()
    const { attributes, meta } = await api.finished(id)
    expect(attributes.status).toBe('success')
    expect(meta.errors).toBe(REJECTED)
    expect(meta.records.imported).toEqual(counts(8 * CHUNK - REJECTED))
  })

  test('stops a rehearsal too', async () => {
    const { meta } = await api.import(file(bad, aProduct()), { maxErrors: 0, dryRun: true })
    expect(meta.failure).toEqual({
      reason: 'too_many_errors',
      detail:
        '1 line was rejected, and max_errors allows 0. ' +
        'Nothing was added; fix the lines, and post the file again to rehearse it.',
    })
  })

  test('holds if the process dies between the chunk that exceeds it and the end', async () => {
    const [first] = [await api.import(many, { maxErrors: 700 })]
    // As the process would have left it.
    await service.pool.query(
      `update imports set status = 'started', failure_reason = null, failure_detail = null, finished_at = null
       where id = $1`,
      [first.id],
    )
    const again = await api.finished(first.id)
    const untimed = (meta: typeof again.meta) => ({ ...meta, timestamps: undefined })
    expect(untimed(again.meta)).toEqual(untimed(first.meta))
  })
})
