import { beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aSubscriber, file } from '../../support/builders.js'
import { expectUnparsableFilter } from '../../support/errors.js'
import { testService } from '../../support/service.js'

const LISTS = ['imports', 'products', 'plans', 'subscribers', 'offerings'] as const

/** Texts that would not be values if they were put into a statement's text. */
const HOSTILE = [
  "' or '1'='1",
  "') or true --",
  "'; drop table products; --",
  "'; insert into owners (id, kind, name) values (gen_random_uuid(), 'store', 'hacked'); --",
  "' union select secret_hash::text from credentials --",
  "'||pg_sleep(60)||'",
  "\\'; select pg_sleep(60); --",
  '" or ""="',
  '"; drop table products; --',
  '*" or true --*',
  '$1',
  '$1::text',
  "E'\\x27 or true --'",
  '$$ or true $$',
  "x' escape '",
  '{"a"} or true',
  '{a,b}',
  '}',
  'null',
  'current_user',
  '(select 1)',
  'id',
  '%',
  '_',
  '\\',
  '\\u0027 or true --',
  '＇ or true --',
  '/**/or/**/true',
  "1970-01-01' or true --",
  '2017-01-01T00:00:00Z; select 1',
  'infinity',
  'now',
  "00000000-0000-0000-0000-000000000000' or true --",
]

/** From the document: what each list can be filtered by, and with which operators. */
const filterable = new Map<string, readonly (readonly [attribute: string, operators: readonly string[]])[]>()

// It looks at what all stores have, so it shares no service.
const service = testService({})
let store: Api
beforeAll(async () => {
  store = await service.addStore()
  const name = { name: 'A name', external_ref: 'ref' }
  await store.import(
    file(
      aProduct({ ...name, sku: 'sku' }),
      aPlan(name),
      aSubscriber(name),
      anOffering({ ...name, products: ['ref'], plans: ['ref'] }),
    ),
    { externalRef: 'ref' },
  )
  const { paths } = (await service.api.get('/openapi.json')).body
  for (const list of LISTS) {
    const { parameters } = paths[`/v2/subscriptions/${list}`].get
    const { description } = parameters.find((one: { name: string }) => one.name === 'filter')
    const lines: string[] = description.split('\n')
    filterable.set(
      list,
      lines.flatMap((line) => {
        const [, attribute, operators] = /^- `(\w+)`: ([\w, ]+?)(?: \(.*)?$/.exec(line) ?? []
        return attribute && operators ? [[attribute, operators.split(', ')] as const] : []
      }),
    )
  }
})

const answerTo = (list: string, filter: string): Promise<Answer> =>
  store.get(`/subscriptions/${list}?${new URLSearchParams({ filter })}`)

const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, '\\$&')}"`

/** What an injected statement would have changed. */
async function everything(): Promise<unknown> {
  const { rows } = await service.pool.query(`
    select (select json_agg(c.relname order by 1) from pg_class c where relnamespace = 'public'::regnamespace) as tables,
           (select count(*) from owners) as owners, (select count(*) from products) as products`)
  return rows
}

describe.each(LISTS)('GET /subscriptions/%s', (list) => {
  test('treats SQL in any operand of any attribute and operator as a value, or refuses it', async () => {
    const before = await everything()
    const attributes = filterable.get(list) ?? []
    expect(attributes.length).toBeGreaterThanOrEqual(5)
    for (const [attribute, operators] of attributes) {
      for (const operator of operators.filter((one) => one !== 'is_null')) {
        for (const value of HOSTILE) {
          const answer = await answerTo(list, `${operator}(${attribute},${quoted(value)})`)
          if (answer.status === 200)
            expect(answer.body.data, `${operator}(${attribute},${value})`).toEqual([])
          else expectUnparsableFilter(answer)
        }
        if (operator === 'in') {
          const all = HOSTILE.map(quoted).join(',')
          const answer = await answerTo(list, `in(${attribute},${all})`)
          if (answer.status === 200) expect(answer.body.data).toEqual([])
          else expectUnparsableFilter(answer)
        }
      }
    }
    expect(await everything()).toEqual(before)
  })

  test.each(HOSTILE)('accepts no SQL outside of operands: %s', async (value) => {
    const [[attribute] = ['id']] = filterable.get(list) ?? []
    for (const filter of [
      value,
      `eq(${value},x)`,
      `eq(${attribute} ${value},x)`,
      `${value}(${attribute},x)`,
      `is_null(${value})`,
      `eq(${attribute},x)${value}`,
      `eq(${attribute},x):${value}`,
    ]) {
      expectUnparsableFilter(await answerTo(list, filter))
    }
  })

  test.each(HOSTILE)('accepts no SQL as a page number: %s', async (value) => {
    for (const name of ['page[limit]', 'page[offset]']) {
      const { status } = await store.get(`/subscriptions/${list}?${new URLSearchParams({ [name]: value })}`)
      expect(status).toBe(400)
    }
  })
})
