import { beforeAll, describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import { anOffering, aProduct, file, times } from '../../support/builders.js'
import { expectError, expectErrors } from '../../support/errors.js'
import { insertImport, insertProducts, ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'

const service = testService()

/** A store with so many products, `p-1` the oldest. */
async function storeWithProducts(count: number): Promise<Api> {
  const store = await service.addStore()
  await insertProducts(service.pool, await ownerIdOf(service.pool, store), 1, count)
  return store
}

interface Named {
  readonly attributes: { readonly external_ref: string }
}
const refs = (records: readonly Named[]): string[] => records.map(({ attributes }) => attributes.external_ref)

/** `p-<from>`, counting down to `p-<to>`. */
const down = (from: number, to: number): string[] =>
  Array.from({ length: from - to + 1 }, (_, index) => `p-${from - index}`)

const query = (link: string | null) => Object.fromEntries(new URL(String(link)).searchParams)
const page = (offset: number, limit: number) => ({
  'page[offset]': String(offset),
  'page[limit]': String(limit),
})

describe('page[limit] and page[offset]', () => {
  let store: Api
  beforeAll(async () => {
    store = await storeWithProducts(130)
  })

  test.each([
    ['absent', '', 25],
    ['0', '?page[limit]=0', 25],
    ['1', '?page[limit]=1', 1],
    ['100', '?page[limit]=100', 100],
    ['escaped in the URL', '?page%5Blimit%5D=3', 3],
  ])('a limit %s gives the page length that it should', async (_, given, length) => {
    const { status, body } = await store.get(`/subscriptions/products${given}`)
    expect(status).toBe(200)
    expect(refs(body.data)).toEqual(down(130, 131 - length))
    expect(body.meta).toEqual({
      page: { limit: length, offset: 0, current: 1, total: Math.ceil(130 / length) },
      results: { total: 130 },
    })
  })

  test.each([
    ['0', 0, down(130, 128)],
    ['1: records, not pages', 1, down(129, 127)],
    ['the last record', 129, ['p-1']],
    ['past the end', 130, []],
    ['10,000', 10_000, []],
  ])('an offset of %s', async (_, offset, expected) => {
    const { status, body } = await store.get(`/subscriptions/products?page[limit]=3&page[offset]=${offset}`)
    expect(status).toBe(200)
    expect(refs(body.data)).toEqual(expected)
    expect(body.meta.page.offset).toBe(offset)
    expect(body.meta.results.total).toBe(130)
  })

  const lists = ['imports', 'products', 'plans', 'subscribers', 'offerings']
  test.each(
    lists.flatMap((list): [string, string, string][] => [
      [list, 'page[limit]=101', 'page[limit]'],
      [list, 'page[offset]=10001', 'page[offset]'],
      ...['limit', 'offset'].flatMap((name) =>
        ['-1', 'x', '1.5', '1e1', '', '0x1', '%201', '99999999999999999999', `1&page[${name}]=1`].map(
          (value): [string, string, string] => [list, `page[${name}]=${value}`, `page[${name}]`],
        ),
      ),
    ]),
  )('GET /subscriptions/%s?%s is 400', async (list, given, name) => {
    const answer = await store.get(`/subscriptions/${list}?${given}`)
    expectError(answer, 400, 'Validation Error', new RegExp(`^${name.replaceAll(/[[\]]/g, '\\$&')}: `))
  })

  test('every wrong parameter is named, with what it must be', async () => {
    const wrong = { title: 'Validation Error' }
    expectErrors(await store.get('/subscriptions/products?page[limit]=101&page[offset]=1e1'), 400, [
      { ...wrong, detail: 'page[offset]: page[offset] must be a whole number from 0 to 10000' },
      { ...wrong, detail: 'page[limit]: page[limit] must be a whole number from 0 to 100' },
    ])
  })

  test('an empty list is one page without neighbours', async () => {
    const { body } = await (await service.addStore()).get('/subscriptions/products')
    expect(body).toEqual({
      data: [],
      links: {
        current: expect.any(String),
        first: expect.any(String),
        last: null,
        prev: null,
        next: null,
      },
      meta: { page: { limit: 25, offset: 0, current: 1, total: 0 }, results: { total: 0 } },
    })
  })
})

describe('links', () => {
  test('are absolute valid URIs, each of which leads where it says', async () => {
    const store = await storeWithProducts(25)
    const { links } = (await store.get('/subscriptions/products?page[limit]=10&page[offset]=10')).body
    expect(Object.keys(links).sort()).toEqual(['current', 'first', 'last', 'next', 'prev'])
    for (const [name, offset] of [
      ['current', 10],
      ['first', 0],
      ['last', 20],
      ['prev', 0],
      ['next', 20],
    ] as const) {
      expect(links[name]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[A-Za-z0-9._~:/?@!$&'()*+,;=%-]*$/)
      expect(links[name]).toContain('page%5Blimit%5D=10')
      const { status, body } = await store.get(links[name])
      expect(status).toBe(200)
      expect(body.links.current).toBe(links[name])
      expect(refs(body.data)[0]).toBe(`p-${25 - offset}`)
    }
  })

  test.each([
    // total, limit, offset → prev, next, last
    [1, 25, 0, null, null, null],
    [25, 25, 0, null, null, null],
    [26, 25, 0, null, 25, 25],
    [26, 25, 25, 0, null, 25],
    [50, 25, 25, 0, null, 25],
    [51, 25, 25, 0, 50, 50],
    [30, 10, 5, 0, 15, 20],
    [30, 10, 500, 490, null, 20],
  ])(
    'of %i records by %i, at %i: prev %s, next %s, last %s',
    async (total, limit, offset, prev, next, last) => {
      const store = await storeWithProducts(total)
      const { links } = (
        await store.get(`/subscriptions/products?page[limit]=${limit}&page[offset]=${offset}`)
      ).body
      expect(links.first && query(links.first)).toEqual(page(0, limit))
      expect(links.current && query(links.current)).toEqual(page(offset, limit))
      expect(links.prev && query(links.prev)).toEqual(prev === null ? null : page(prev, limit))
      expect(links.next && query(links.next)).toEqual(next === null ? null : page(next, limit))
      expect(links.last && query(links.last)).toEqual(last === null ? null : page(last, limit))
    },
  )

  test('keep filter and include, including repeated ones and odd characters', async () => {
    const store = await service.addStore()
    await store.import(times(3, (index) => anOffering({ name: `A & B=|é☕ ${index}` })))
    const given = new URLSearchParams([
      ['filter', 'like(name,"A & B=|é☕*")'],
      ['filter', 'gt(created_at,2020-01-01)'],
      ['include', 'products,plans'],
      ['page[limit]', '1'],
    ])
    const pages = await store.pages(`/subscriptions/offerings?${given}`)
    expect(pages).toHaveLength(3)
    for (const { links, included, meta } of pages) {
      expect(meta.results.total).toBe(3)
      expect(included.products).toHaveLength(1)
      const { searchParams } = new URL(links.last)
      expect(searchParams.getAll('filter')).toEqual(given.getAll('filter'))
      expect(searchParams.getAll('include')).toEqual(['products,plans'])
    }
  })

  test('stay under the requested prefix', async () => {
    const { body } = await service.api.get('/v2/subscriptions/products')
    expect(new URL(body.links.first).pathname).toBe('/v2/subscriptions/products')
  })
})

describe('The offset ends at 10,000', () => {
  let store: Api
  beforeAll(async () => {
    store = await storeWithProducts(10_150)
  })

  test.each([
    [100, 10_000],
    [30, 9_990],
    [1, 10_000],
  ])('by %i, last is %i and no further', async (limit, last) => {
    const { links, meta } = (await store.get(`/subscriptions/products?page[limit]=${limit}`)).body
    expect(query(links.last)).toEqual(page(last, limit))
    expect(meta.results.total).toBe(10_150)
    const lastPage = (await store.get(links.last)).body
    expect(refs(lastPage.data)).toEqual(down(10_150 - last, 10_151 - last - limit))
  })

  test('next is null if it would lead past it', async () => {
    const { links } = (await store.get('/subscriptions/products?page[limit]=100&page[offset]=9950')).body
    expect(links.next).toBeNull()
    const before = (await store.get('/subscriptions/products?page[limit]=100&page[offset]=9900')).body
    expect(query(before.links.next)).toEqual(page(10_000, 100))
  })
})

describe('Lists are newest first', () => {
  test('following next visits every record exactly once, and prev leads back', async () => {
    const store = await storeWithProducts(57)
    const pages = await store.pages('/subscriptions/products?page[limit]=10')
    expect(pages.flatMap(({ data }) => refs(data))).toEqual(down(57, 1))
    let back = pages.at(-1)
    for (const expected of pages.slice(0, -1).reverse()) {
      back = (await store.get(back.links.prev)).body
      expect(back).toEqual(expected)
    }
    expect(back.links.prev).toBeNull()
  })

  test('a filtered list is paged like any other', async () => {
    const store = await storeWithProducts(57)
    const pages = await store.pages('/subscriptions/products?page[limit]=4&filter=like(external_ref,p-1*)')
    expect(pages.flatMap(({ data }) => refs(data))).toEqual([...down(19, 10), 'p-1'])
    expect(pages.map(({ meta }) => meta.results.total)).toEqual([11, 11, 11])
  })

  test('imports too, by created_at and then by id', async () => {
    const store = await service.addStore()
    const ownerId = await ownerIdOf(service.pool, store)
    for (const [name, created_at] of [
      ['0', '2020-01-01T00:00:00.000001Z'],
      ['3', '2020-01-01T00:00:00.000003Z'],
      ['1', '2020-01-01T00:00:00.000002Z'],
      ['2', '2020-01-01T00:00:00.000002Z'],
    ]) {
      const id = `00000000-0000-0000-0000-00000000000${name}`
      await insertImport(service.pool, ownerId, {
        id,
        external_ref: name,
        created_at,
        updated_at: created_at,
      })
    }
    const pages = await store.pages('/subscriptions/imports?page[limit]=1')
    expect(pages.flatMap(({ data }) => refs(data))).toEqual(['3', '2', '1', '0'])
  })

  test('the records of a store and its organization are one list', async () => {
    const { id, api: organization } = await service.addOrganization()
    const store = await service.addStore(id)
    const [storeId, organizationId] = [
      await ownerIdOf(service.pool, store),
      await ownerIdOf(service.pool, organization),
    ]
    for (const [from, to, owner] of [
      [1, 7, storeId],
      [8, 12, organizationId],
      [13, 14, storeId],
      [15, 30, organizationId],
    ] as const) {
      await insertProducts(service.pool, owner, from, to)
    }
    const pages = await store.pages('/subscriptions/products?page[limit]=4')
    expect(pages.flatMap(({ data }) => refs(data))).toEqual(down(30, 1))
    expect(pages[0].meta.results.total).toBe(30)
    expect((await organization.get('/subscriptions/products')).body.meta.results.total).toBe(21)
  })
})

describe('The errors of an import', () => {
  test('are paged without a maximum offset', async () => {
    const store = await service.addStore()
    const { id } = await store.import(file(aProduct()) + times(10_120, () => '{}'))
    const path = `/subscriptions/imports/${id}/errors`
    const { links, meta, data } = (await store.get(`${path}?page[limit]=100&page[offset]=10001`)).body
    expect(meta.results.total).toBe(10_120)
    expect(data.map((error: { meta: { line_number: number } }) => error.meta.line_number)).toEqual(
      Array.from({ length: 100 }, (_, index) => 10_003 + index),
    )
    expect(query(links.next)).toEqual(page(10_101, 100))
    expect(query(links.last)).toEqual(page(10_100, 100))
    expect((await store.get(`${path}?page[offset]=999999999`)).body.data).toEqual([])
    for (const wrong of ['page[offset]=-1', 'page[offset]=x', 'page[limit]=101', 'page[limit]=x']) {
      expectError(await store.get(`${path}?${wrong}`), 400, 'Validation Error', /^page\[/)
    }
  })
})
