import { describe, expect, test } from 'vitest'
import { anOffering, aPlan, aProduct, aSubscriber, file, times } from '../../support/builders.js'
import { testService } from '../../support/service.js'

const service = testService()

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

interface ErrorResource {
  readonly id: string
  readonly meta: { readonly line_number: number; readonly field: string; readonly error: string }
}

describe('GET /subscriptions/imports/{id}/errors', () => {
  test('has every problem with its line, field, sentence and external_ref', async () => {
    const { id } = await service.api.import(
      file(
        aProduct({ name: 'ab', external_ref: 'p-0', sku: 7 }),
        '',
        '{',
        aProduct({ external_ref: 'p-1' }),
        aProduct({ external_ref: 'p-1' }),
        anOffering({ products: ['prod-9'] }),
        aProduct({ price: { USD: { amount: 'x' } } }),
        anOffering({ plans: ['p-1', { name: 'a plan' }] }),
      ),
    )
    const complaints = (await service.api.errors(id)).map(({ line, field, error, externalRef }) => [
      line,
      field,
      error,
      externalRef,
    ])
    expect(complaints).toEqual(
      expect.arrayContaining([
        [1, 'name', 'name must be at least 3 characters', 'p-0'],
        [1, 'sku', expect.any(String), 'p-0'],
        [3, '', expect.stringMatching(/JSON/), undefined],
        [5, 'external_ref', 'external_ref "p-1" is already used by line 4', 'p-1'],
        [6, 'products[0]', 'product "prod-9" was not found', undefined],
        [7, 'price.USD.amount', expect.any(String), undefined],
      ]),
    )
    expect(new Set(complaints.map(([line]) => line))).toEqual(new Set([1, 3, 5, 6, 7, 8]))
  })

  test('returns resources, each with a unique, stable id', async () => {
    const { id } = await service.api.import(
      file(aProduct({ name: 'ab', external_ref: 'r', description: 1 }), aSubscriber(), '{'),
    )
    const path = `/subscriptions/imports/${id}/errors`
    const { status, headers, body } = await service.api.get(path)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^application\/json\b/)
    expect(body.data).toHaveLength(3)
    expect(body.data[0]).toEqual({
      id: expect.stringMatching(UUID),
      type: 'subscription_import_error',
      meta: {
        owner: 'store',
        timestamps: { created_at: expect.stringMatching(TIME), updated_at: expect.stringMatching(TIME) },
        code: expect.any(String),
        error: expect.any(String),
        field: expect.any(String),
        value: expect.any(String),
        line_number: 1,
        record_type: 'subscription_product',
        external_ref: 'r',
      },
    })
    expect(Object.keys(body.data[2].meta)).not.toContain('external_ref')
    expect(new Set(body.data.map((error: ErrorResource) => error.id)).size).toBe(3)
    expect((await service.api.get(path)).body).toEqual(body)
    expect((await service.api.get(`/v2${path}`)).body.data).toEqual(body.data)
  })

  test('is by line number ascending, paged, every problem exactly once', async () => {
    const { id, meta } = await service.api.import(
      times(250, (index) => (index % 2 ? aProduct({ name: 'ab', sku: 1 }) : index % 4 ? '{' : aPlan())),
    )
    const pages = await service.api.pages(`/subscriptions/imports/${id}/errors?page[limit]=30`)
    const errors = pages.flatMap(({ data }): ErrorResource[] => data)
    const lines = errors.map((error) => error.meta.line_number)
    expect(lines).toEqual(lines.toSorted((a, b) => a - b))
    expect(errors).toHaveLength(125 * 2 + 62)
    expect(new Set(errors.map((error) => error.id)).size).toBe(errors.length)
    expect(pages.map((page) => page.meta.results.total)).toEqual(pages.map(() => meta.errors))
    expect(meta.errors).toBe(errors.length)
  })

  test.each(['application/jsonl', 'application/jsonl; charset=utf-8', 'text/html, application/jsonl;q=0.9'])(
    'with Accept: %s the whole set streams as JSON lines',
    async (accept) => {
      const { id } = await service.api.import(file(aProduct()) + times(2500, () => '{'))
      const path = `/subscriptions/imports/${id}/errors`
      const { status, headers, body } = await service.api.request(path, { headers: { accept } })
      expect(status).toBe(200)
      expect(headers.get('content-type')).toMatch(/^application\/jsonl\b/)
      const lines = String(body)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      const pages = await service.api.pages(`${path}?page[limit]=100`)
      expect(lines).toEqual(pages.flatMap(({ data }) => data))
      expect(lines).toHaveLength(2500)
    },
  )

  test('of an import without errors is empty, as a list and as lines', async () => {
    const { id } = await service.api.import(file(aProduct()))
    const path = `/subscriptions/imports/${id}/errors`
    expect((await service.api.get(path)).body.data).toEqual([])
    const lines = await service.api.request(path, { headers: { accept: 'application/jsonl' } })
    expect(lines.status).toBe(200)
    expect(lines.body).toBe('')
  })
})
