import { beforeAll, describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aSubscriber, file } from '../../support/builders.js'
import { expectUnparsableFilter } from '../../support/errors.js'
import { insertImport, insertProducts, ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'

const ID = '00000000-0000-7000-8000-00000000000'
const ACCOUNT = '11111111-1111-4111-8111-11111111111'

const service = testService()
let store: Api

beforeAll(async () => {
  const organization = await service.addOrganization()
  store = await service.addStore(organization.id)
  const named = (name: string, external_ref: string) => ({ name, external_ref })
  await store.import(
    file(
      ...[
        named('Coffee box', 'a'),
        named('Coffee beans', 'b'),
        named('100% coffee_box', 'c'),
        named('100X coffeeXbox', 'd'),
        named('back\\slash', 'e'),
        named(`it's "quoted", (so)`, 'f'),
        named('*star*', 'g'),
        named('Größe ☕', 'h'),
      ].flatMap((one) => [
        aProduct({ ...one, sku: `sku-${one.external_ref}` }),
        aPlan(one),
        anOffering({
          ...one,
          products: ['a', one.external_ref].slice(one.external_ref === 'a' ? 1 : 0),
          plans: [one.external_ref],
        }),
        aSubscriber({
          ...one,
          account_id: `${ACCOUNT}${one.external_ref}`.slice(0, 36).replace(/[gh]$/, '0'),
          email: `${one.external_ref}@example.com`,
        }),
      ]),
      aProduct({ name: 'without a ref' }),
    ),
  )
  const mine = await ownerIdOf(service.pool, store)
  await service.pool.query('delete from imports where owner_id = $1', [mine])
  for (const [number, columns] of [
    { external_ref: 'imp-1', status: 'pending', created_at: '2017-01-10T11:41:19.244842Z' },
    {
      external_ref: 'imp-2',
      status: 'started',
      created_at: '2017-01-10T11:41:19.244843Z',
      started_at: '2017-01-11T00:00:00Z',
    },
    {
      external_ref: 'imp%3',
      status: 'success',
      created_at: '2017-01-12T00:00:00Z',
      started_at: '2017-01-12T00:00:00.000001Z',
      finished_at: '2017-01-12T00:00:00.000002Z',
    },
    {
      status: 'failed',
      created_at: '2017-01-13T00:00:00Z',
      started_at: '2017-01-13T00:00:00Z',
      finished_at: '2017-01-14T00:00:00Z',
    },
  ].entries()) {
    const id = `${ID}${number + 1}`
    await insertImport(service.pool, mine, { id, updated_at: columns.created_at, ...columns })
  }
  await insertImport(service.pool, organization.id, {
    id: `${ID}9`,
    created_at: '2017-01-09T00:00:00Z',
    updated_at: '2017-02-01T00:00:00Z',
  })
})

const answerTo = (list: string, ...filters: readonly string[]) =>
  store.get(
    `/subscriptions/${list}?${new URLSearchParams(filters.map((filter): [string, string] => ['filter', filter]))}`,
  )

async function found(list: string, ...filters: readonly string[]) {
  const { status, body } = await answerTo(list, ...filters)
  expect(body.errors).toBeUndefined()
  expect(status).toBe(200)
  expect(body.meta.results.total).toBe(body.data.length)
  return body.data as { id: string; attributes: Record<string, string> }[]
}

describe('GET /subscriptions/imports', () => {
  test.each([
    // Numbers of the imports, ascending; 9 is the organization's.
    [`eq(id,${ID}1)`, '1'],
    [`in(id,${ID}1,${ID}9,${ID}7)`, '19'],
    [`eq(id,${ID.toUpperCase()}1)`, '1'],
    ['eq(external_ref,imp-1)', '1'],
    ['eq(external_ref,IMP-1)', ''],
    ['eq(external_ref,imp-*)', ''],
    ['in(external_ref,imp-1,imp-2,imp-7)', '12'],
    ['like(external_ref,imp-*)', '12'],
    ['like(external_ref,*2)', '2'],
    ['like(external_ref,*p-*)', '12'],
    ['like(external_ref,*)', '123'],
    ['like(external_ref,imp-1)', '1'],
    ['like(external_ref,imp)', ''],
    ['like(external_ref,IMP-*)', '12'],
    ['like(external_ref,*P-1)', '1'],
    ['like(external_ref,"imp%*")', '3'],
    ['eq(status,pending)', '1'],
    ['in(status,pending,failed,success)', '1349'],
    ['eq(owner,store)', '1234'],
    ['eq(owner,organization)', '9'],
    ['in(owner,store,organization)', '12349'],
    ['eq(created_at,2017-01-10T11:41:19.244842Z)', '1'],
    ['eq(created_at,2017-01-10T11:41:19.244Z)', ''],
    ['eq(created_at,2017-01-10T12:41:19.244842+01:00)', '1'],
    ['eq(created_at,2017-01-12)', '3'],
    ['gt(created_at,2017-01-10T11:41:19.244842Z)', '234'],
    ['ge(created_at,2017-01-10T11:41:19.244842Z)', '1234'],
    ['lt(created_at,2017-01-10T11:41:19.244843Z)', '19'],
    ['le(created_at,2017-01-10T11:41:19.244843Z)', '129'],
    ['gt(created_at,1484048479244)', '1234'],
    ['lt(created_at,1484048479245)', '129'],
    ['eq(created_at,1484179200000)', '3'],
    ['gt(created_at,2017-01-12)', '4'],
    ['ge(created_at,2017-01-12)', '34'],
    ['gt(updated_at,2017-01-20)', '9'],
    ['eq(updated_at,2017-02-01)', '9'],
    ['ge(updated_at,2017-01-12):lt(updated_at,2017-01-13):le(updated_at,2017-01-12)', '3'],
    ['eq(started_at,2017-01-11)', '2'],
    ['gt(started_at,2017-01-12)', '34'],
    ['ge(started_at,2017-01-11)', '234'],
    ['lt(started_at,2017-01-12)', '2'],
    ['le(started_at,2017-01-11)', '2'],
    ['is_null(started_at)', '19'],
    ['eq(finished_at,2017-01-12T00:00:00.000002Z)', '3'],
    ['gt(finished_at,2017-01-12)', '34'],
    ['ge(finished_at,2017-01-14)', '4'],
    ['lt(finished_at,2017-01-14)', '3'],
    ['le(finished_at,2017-01-14)', '34'],
    ['is_null(finished_at)', '129'],
    ['is_null(created_at)', ''],
    ['is_null(updated_at)', ''],
    ['eq(created_at,2016-12-31T23:59:60.5Z)', ''],
    ['is_null(finished_at):eq(owner,store):like(external_ref,*-2)', '2'],
    [`eq(external_ref,"'; drop table imports; --")`, ''],
    [`in(external_ref,"x') or 1=1 --",'$1',{imp-1})`, ''],
  ])('%s', async (filter, numbers) => {
    const ids = (await found('imports', filter)).map(({ id }) => id.at(-1))
    expect(ids.sort().join('')).toBe(numbers)
  })

  test('a repeated filter: all must hold', async () => {
    expect(await found('imports', 'is_null(finished_at)', 'eq(status,started)')).toHaveLength(1)
    expect(await found('imports', 'eq(status,pending)', 'eq(status,started)')).toEqual([])
  })
})

const everywhere = ['products', 'plans', 'subscribers', 'offerings']

describe.each(everywhere)('GET /subscriptions/%s', (list) => {
  test.each([
    // The external_refs, ascending.
    ['eq(external_ref,a)', 'a'],
    ['in(external_ref,a,c,x)', 'ac'],
    ['like(external_ref,a*)', 'a'],
    ['eq(name,Coffee box)', 'a'],
    ['eq(name,coffee box)', ''],
    ['in(name,Coffee box,  "Coffee beans")', 'ab'],
    ['like(name,Coffee*)', 'ab'],
    ['like(name,*box)', 'acd'],
    ['like(name,*offee*)', 'abcd'],
    ['like(name,"100%*")', 'c'],
    ['like(name,*coffee_box)', 'c'],
    ['like(name,"*%*")', 'c'],
    ['like(name,*_*)', 'c'],
    ['like(name,"*\\*")', 'e'],
    ['like(name,"back\\slash")', 'e'],
    ['like(name,"*k\\s*")', 'e'],
    ['like(name,"Gr*")', 'h'],
    ['like(name,COFFEE*)', 'ab'],
    ['like(name,*OX)', 'acd'],
    ['like(name,*coffee b*)', 'ab'],
    ['like(name,"BACK\\SLASH")', 'e'],
    ['like(name,"*GRÖßE*")', 'h'],
    ['like(name,C*e)', ''],
    ['eq(name,"Größe ☕")', 'h'],
    [`eq(name,'it\\'s "quoted", (so)')`, 'f'],
    [`eq(name,"it's \\"quoted\\", (so)")`, 'f'],
    ['eq(name,*star*)', 'g'],
    [`eq(name,"' or 1=1 --")`, ''],
    ['like(name,*):eq(external_ref,b)', 'b'],
    ['gt(created_at,2017-01-01):le(updated_at,2100-01-01):in(external_ref,a,b)', 'ab'],
    ['lt(created_at,2017-01-01)', ''],
    ['eq(created_at,0)', ''],
    ['ge(updated_at,2100-01-01)', ''],
  ])('%s', async (filter, expected) => {
    const refs = (await found(list, filter)).map(({ attributes }) => attributes.external_ref)
    expect(refs.sort().join('')).toBe(expected)
  })

  test('eq and in on id, eq on created_at and updated_at', async () => {
    const [first, second] = await found(list, 'in(external_ref,a,b)')
    expect(await found(list, `eq(id,${first?.id})`)).toEqual([first])
    expect(await found(list, `in(id,${first?.id},${second?.id})`)).toHaveLength(2)
    for (const attribute of ['created_at', 'updated_at'] as const) {
      const time = first?.attributes[attribute]
      expect(await found(list, `eq(${attribute},${time}):eq(id,${first?.id})`)).toEqual([first])
    }
  })
})

describe('What only one list has', () => {
  test.each([
    ['products', 'eq(sku,sku-a)', 'a'],
    ['products', 'in(sku,sku-a,sku-b)', 'ab'],
    ['products', 'like(sku,*-c)', 'c'],
    ['subscribers', 'eq(email,a@example.com)', 'a'],
    ['subscribers', 'in(email,a@example.com,b@example.com)', 'ab'],
    ['subscribers', 'like(email,c@*)', 'c'],
    ['subscribers', 'like(email,*@EXAMPLE.com)', 'abcdefgh'],
    ['subscribers', `eq(account_id,${ACCOUNT}a)`, 'a'],
    ['subscribers', `in(account_id,${ACCOUNT}b,${ACCOUNT}C)`, 'bc'],
    ['offerings', 'in(external_product_refs,b)', 'b'],
    ['offerings', 'in(external_product_refs,a)', 'abcdefgh'],
    ['offerings', 'in(external_product_refs,b,c,x)', 'bc'],
    ['offerings', 'in(external_product_refs,a):in(external_product_refs,b)', 'b'],
    ['offerings', 'in(external_product_refs,"x\') or true --")', ''],
    ['offerings', 'eq(plans.external_ref,b)', 'b'],
    ['offerings', 'in(plans.external_ref,b,c,x)', 'bc'],
    ['offerings', 'eq(plans.external_ref,b):eq(products.external_ref,a)', 'b'],
    ['offerings', 'eq(products.external_ref,b)', 'b'],
    ['offerings', 'in(products.external_ref,b,c,x)', 'bc'],
    ['offerings', 'eq(products.external_ref,a):eq(products.external_ref,b)', 'b'],
    ['offerings', 'eq(products.external_ref,"x\') or true --")', ''],
  ])('%s: %s', async (list, filter, expected) => {
    const refs = (await found(list, filter)).map(({ attributes }) => attributes.external_ref)
    expect(refs.sort().join('')).toBe(expected)
  })
})

/** The operators that each kind of attribute lacks, with an operand that would do. */
const LACKS = {
  text: ['gt', 'ge', 'lt', 'le', 'is_null'],
  listed: ['like', 'gt', 'ge', 'lt', 'le', 'is_null'],
  time: ['in', 'like'],
  members: ['eq', 'like', 'gt', 'ge', 'lt', 'le', 'is_null'],
  member: ['like', 'gt', 'ge', 'lt', 'le', 'is_null'],
}
const TABLE: readonly (readonly [
  list: string,
  kind: keyof typeof LACKS,
  attribute: string,
  operand: string,
])[] = [
  ['imports', 'listed', 'id', `${ID}1`],
  ['imports', 'text', 'external_ref', 'a'],
  ['imports', 'listed', 'status', 'pending'],
  ['imports', 'listed', 'owner', 'store'],
  ...['created_at', 'updated_at', 'started_at', 'finished_at'].map(
    (attribute) => ['imports', 'time', attribute, '2017-01-01'] as const,
  ),
  ...everywhere.flatMap(
    (list) =>
      [
        [list, 'listed', 'id', `${ID}1`],
        [list, 'text', 'external_ref', 'a'],
        [list, 'text', 'name', 'a'],
      ] as const,
  ),
  ['products', 'text', 'sku', 'a'],
  ['subscribers', 'text', 'email', 'a'],
  ['subscribers', 'listed', 'account_id', `${ACCOUNT}a`],
  ['offerings', 'members', 'external_product_refs', 'a'],
  ['offerings', 'member', 'products.external_ref', 'a'],
  ['offerings', 'member', 'plans.external_ref', 'a'],
]

describe('An operator that the attribute lacks is 400', () => {
  test.each(TABLE)('%s, %s: %s', async (list, kind, attribute, operand) => {
    for (const operator of LACKS[kind]) {
      const operands = operator === 'is_null' ? '' : `,${operand}`
      expectUnparsableFilter(await answerTo(list, `${operator}(${attribute}${operands})`))
    }
  })
})

describe('A filter that cannot be parsed is 400, on every list', () => {
  test.each(['imports', ...everywhere])('%s', async (list) => {
    const condition = `eq(id,${ID}1)`
    for (const filters of [
      [' '],
      ['nonsense'],
      ['ne(id,1)'],
      ['eq(unknown,1)'],
      ['eq(owner_id,1)'],
      ['eq(id,1)'],
      ['eq(created_at,soon)'],
      ['eq(external_ref,"a'],
      ['eq(external_ref,"a\0b")'],
      Array(11).fill(condition),
      [Array(11).fill(condition).join(':')],
      [`eq(external_ref,${'a'.repeat(8192)})`],
      [condition, 'nonsense'],
    ]) {
      expectUnparsableFilter(await answerTo(list, ...filters))
    }
    expect((await answerTo(list, ...Array(10).fill(condition))).status).toBe(200)
  })

  test.each([
    ['plans', 'eq(sku,a)'],
    ['offerings', 'eq(sku,a)'],
    ['products', 'eq(email,a)'],
    ['products', 'in(external_product_refs,a)'],
    ['products', 'eq(products.external_ref,a)'],
    ['offerings', 'eq(products.name,a)'],
    ['offerings', 'eq(products.,a)'],
    ['products', 'eq(status,pending)'],
    ['subscribers', 'eq(account_id,a)'],
    ['imports', 'eq(name,a)'],
    ['imports', 'eq(status,done)'],
    ['imports', 'eq(owner,nobody)'],
  ])('%s: %s', async (list, filter) => {
    expectUnparsableFilter(await answerTo(list, filter))
  })
})

test('A filter of 8 KB may consist of characters that a URL has to escape', async () => {
  expect(await found('products', `eq(name,"${'☕'.repeat(2700)}")`)).toEqual([])
})

test('A record is found whatever its text contains, however long it is', async () => {
  const owner = await service.addStore()
  await insertProducts(service.pool, await ownerIdOf(service.pool, owner), 1, 20)
  const long = `${'é'.repeat(1999)}x`
  await owner.import(file(aProduct({ external_ref: long, name: 'long one' })))
  const filter = new URLSearchParams({ filter: `eq(external_ref,"${long}")` })
  const { data } = (await owner.get(`/subscriptions/products?${filter}`)).body
  expect(data.map((one: { attributes: { name: string } }) => one.attributes.name)).toEqual(['long one'])
})
