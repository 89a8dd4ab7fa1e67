import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { csvRow } from '../../../src/imports/report/csv.js'
import { anOffering, aProduct, file, times } from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService({})
const store = newStoreEach(service)

const TITLES = ['line_number', 'type', 'field', 'code', 'error', 'value', 'external_ref', 'line']

async function table(id: string, query = ''): Promise<string[][]> {
  const path = `/subscriptions/imports/${id}/errors${query}`
  const { status, headers, body } = await store.request(path, { headers: { accept: 'text/csv' } })
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
  expect(headers.get('content-disposition')).toBe(`attachment; filename="errors-${id}.csv"`)
  return rowsOf(String(body))
}

/** Every cell is quoted, and a quote within is doubled (RFC 4180). */
function rowsOf(csv: string): string[][] {
  expect(csv.endsWith('\r\n')).toBe(true)
  const cell = /"((?:[^"]|"")*)"(,|\r\n)/gy
  const rows: string[][] = [[]]
  for (const [, text = '', end] of csv.matchAll(cell)) {
    rows.at(-1)?.push(text.replaceAll('""', '"'))
    if (end !== ',') rows.push([])
  }
  return rows.slice(0, -1)
}

test('The report for a spreadsheet has every error with the line as it was uploaded', async () => {
  const lines = [
    JSON.stringify(aProduct({ name: 'a"', external_ref: 'p-1', sku: 7 })),
    JSON.stringify(aProduct()),
    '{"data": ü',
    JSON.stringify(anOffering({ products: ['=1+1'] })),
  ]
  const { id } = await store.import(`${lines.join('\r\n')}\r\n`)
  const [titles, ...rows] = await table(id)
  expect(titles).toEqual(TITLES)
  expect(
    rows.map(([line, type, field, code, , value, ref, text]) => [line, type, field, code, value, ref, text]),
  ).toEqual([
    ['1', 'subscription_product', 'name', 'too_short', 'a"', 'p-1', lines[0]],
    ['1', 'subscription_product', 'sku', 'wrong_type', '7', 'p-1', lines[0]],
    ['3', '', '', 'malformed', '', '', lines[2]],
    ['4', 'subscription_offering', 'products[0]', 'not_found', "'=1+1", '', lines[3]],
  ])
  const filtered = await table(id, '?filter=eq(code,malformed)')
  expect(filtered.slice(1)).toEqual([rows[2]])
})

test('It begins with a byte-order mark, without which Excel misreads it', async () => {
  const { id } = await store.import(file(aProduct()))
  const answer = await fetch(new URL(`/subscriptions/imports/${id}/errors`, store.url), {
    headers: { authorization: `Bearer ${store.key}`, accept: 'text/csv' },
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
  expect(bytes.toString('utf8', 3)).toBe(`${TITLES.map((title) => `"${title}"`).join(',')}\r\n`)
})

test('A line is cut where a cell of a spreadsheet ends', async () => {
  const { id } = await store.import(
    file(aProduct({ name: 'x', description: 'é'.repeat(40_000) }), aProduct()),
  )
  const [, name] = await table(id, '?filter=eq(field,name)')
  expect(name?.at(-1)).toHaveLength(32_767)
  expect(name?.at(-1)?.endsWith('é…')).toBe(true)
})

test('Of many errors it has all, by line', async () => {
  const { id } = await store.import(file(aProduct()) + times(2500, () => aProduct({ name: 'x' })))
  const [, ...rows] = await table(id)
  expect(rows.map(([line]) => Number(line))).toEqual(Array.from({ length: 2500 }, (_, index) => index + 2))
})

test('Without its file it is 410, but an import without errors needs none', async () => {
  const wrong = await store.import(file(aProduct(), aProduct({ name: 'x' })))
  const right = await store.import(file(aProduct()))
  for (const path of await service.uploads()) await rm(path)
  const headers = { accept: 'text/csv' }
  const answer = await store.request(`/subscriptions/imports/${wrong.id}/errors`, { headers })
  expect(answer.status).toBe(410)
  expect(await table(right.id)).toEqual([TITLES])
})

test.each([
  ['=1+1', `"'=1+1"`],
  ['+1', `"'+1"`],
  ['-1', '"-1"'],
  ['-1.5', '"-1.5"'],
  ['-1+2', `"'-1+2"`],
  ['@a', `"'@a"`],
  ['\t=1', `"'\t'=1"`],
  ['＝1', `"'＝1"`],
  ['a;=1+1;b', `"a;'=1+1;b"`],
  ['say "no"', '"say ""no"""'],
  [12, '"12"'],
  [undefined, '""'],
])('A cell with %j is written %s', (cell, written) => {
  expect(csvRow([cell])).toBe(`${written}\r\n`)
})
