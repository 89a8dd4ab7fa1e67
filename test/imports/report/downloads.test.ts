import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generateRecords } from '../../../bench/generate.js'
import type { ImportErrorKindResource } from '../../../src/imports/resource/schema.js'
import { listOf } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aSubscriber, file, times } from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

/** The bytes that a path answers, as Latin-1, which keeps every byte. */
async function download(path: string): Promise<string> {
  const response = await fetch(new URL(path, api.url), { headers: { authorization: `Bearer ${api.key}` } })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/jsonl; charset=utf-8')
  return Buffer.from(await response.arrayBuffer()).toString('latin1')
}

const rejected = (id: string) => `/subscriptions/imports/${id}/rejected`
const results = (id: string) => `/subscriptions/imports/${id}/results`

describe('The rejected lines', () => {
  test('are the original bytes, each line once, in their order', async () => {
    const lines = [
      Buffer.from('  {"data": {"type":"subscription_product", "attributes":{"name":"ab", "name":"é"}}} \r'),
      Buffer.from(JSON.stringify(aProduct())),
      Buffer.from('{"data":"\xff\xfe"', 'latin1'),
      Buffer.from(''),
      Buffer.from(JSON.stringify(aSubscriber({ email: 'x', account_id: 'y', name: 'z' }))),
      Buffer.from(JSON.stringify(anOffering({ products: ['nowhere'] }))),
      Buffer.from('not the last to have a newline'),
    ]
    const { id } = await api.import(
      Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])).subarray(0, -1),
    )
    const expected = [0, 2, 4, 5, 6].map((place) => `${lines[place]?.toString('latin1')}\n`)
    expect(await download(rejected(id))).toBe(expected.join(''))
    expect(await download(`${rejected(id)}?line_number=5`)).toBe(expected[2])
    expect(await download(`${rejected(id)}?line_number=2`)).toBe('')
  })

  test('are those of the whole file, however many there are and wherever they are', async () => {
    const good = [...generateRecords({ records: 6000 })]
    const lines = good.map((line, index) =>
      index % 3 === 1 ? line.replace('{', `{"${'x'.repeat(index % 200)}"`) : line,
    )
    const { id } = await api.import(lines.join('\n'))
    // Offerings whose references were rejected are also rejected, so the report says which.
    const numbers = new Set((await api.errors(id)).map(({ line }) => line))
    expect(numbers.size).toBeGreaterThan(2000)
    const expected = lines.filter((_, index) => numbers.has(index + 1)).map((line) => `${line}\n`)
    expect(await download(rejected(id))).toBe(Buffer.from(expected.join('')).toString('latin1'))
  })

  test('include long ones', async () => {
    const long = `{"data":"${'x'.repeat(3 * 2 ** 20)}`
    const { id } = await api.import(file(aProduct(), long, aProduct({ name: 'x' })))
    expect(await download(rejected(id))).toBe(file(long, aProduct({ name: 'x' })))
  })

  test('can be fixed and imported', async () => {
    const { id } = await api.import(
      file(aProduct({ name: 'ab', external_ref: 'p' }), aPlan(), aProduct({ name: 'cd' })),
    )
    const fixed = (await download(rejected(id))).replaceAll(/"name":"(..)"/g, '"name":"$1, fixed"')
    const { attributes, meta } = await api.import(fixed)
    expect(attributes.status).toBe('success')
    expect(meta.errors).toBe(0)
    expect(meta.records.imported.subscription_product).toBe(2)
  })

  test.each(['0', '-1', '1.5', 'x', '', '1&line_number=2'])('of line_number=%s: 400', async (number) => {
    const { id } = await api.import(file(aProduct(), 'x'))
    expectError(
      await api.get(`${rejected(id)}?line_number=${number}`),
      400,
      'Validation Error',
      'line_number: line_number must be a whole number from 1',
    )
  })

  test('of an import without any are none', async () => {
    const { id } = await api.import(file(aProduct()))
    expect(await download(rejected(id))).toBe('')
  })
})

describe('The results', () => {
  test('name the record of every imported line, by line', async () => {
    const lines = [...generateRecords({ records: 5000 })]
    lines[7] = 'not a record'
    await api.import(times(1500, () => aSubscriber()))
    const { id, meta } = await api.import(lines.join('\n'))
    await api.import(times(1500, () => aSubscriber()))
    const found = await api.lines<{ line_number: number; type: string; id: string; external_ref?: string }>(
      results(id),
    )
    const imported = Object.values(meta.records.imported).reduce((sum, count) => sum + count)
    expect(found).toHaveLength(imported)
    expect(found.map(({ line_number }) => line_number)).toEqual(
      found.map(({ line_number }) => line_number).toSorted((a, b) => a - b),
    )
    for (const { line_number, type, external_ref } of found) {
      const { data } = JSON.parse(lines[line_number - 1] ?? '')
      expect([type, external_ref]).toEqual([data.type, data.attributes.external_ref])
    }
    for (const { type, id: recordId, line_number } of found.filter((_, index) => index % 500 === 0)) {
      const record = await api.read(`${listOf(type)}/${recordId}`)
      expect(record.attributes.name).toBe(JSON.parse(lines[line_number - 1] ?? '').data.attributes.name)
    }
  })

  test('name the changed records, for every line that went into them', async () => {
    const content = file(
      aProduct({ external_ref: 'p', name: 'One' }),
      aPlan({ external_ref: 'q' }),
      aProduct({ external_ref: 'p', name: 'Two' }),
      aProduct({ name: 'Nameless' }),
    )
    const first = await api.import(content, { onConflict: 'update' })
    const before = await api.lines<{ line_number: number; id: string }>(results(first.id))
    expect(before.map(({ line_number }) => line_number)).toEqual([1, 2, 3, 4])
    expect(before[0]?.id).toBe(before[2]?.id)
    const second = await api.import(content, { onConflict: 'update' })
    const after = await api.lines<{ line_number: number; id: string }>(results(second.id))
    expect(after.slice(0, 3)).toEqual(before.slice(0, 3))
    expect(after[3]?.id).not.toBe(before[3]?.id)
  })

  test('of a rehearsal, and of an import of which nothing was imported, are none', async () => {
    const rehearsal = await api.import(file(aProduct()), { dryRun: true })
    const failed = await api.import(file(aProduct({ name: 'x' })))
    expect(await api.lines(results(rehearsal.id))).toEqual([])
    expect(await api.lines(results(failed.id))).toEqual([])
  })
})

interface ErrorKindAnswer {
  readonly meta: ImportErrorKindResource['meta']
}

describe('The kinds of errors', () => {
  const kinds = async (id: string) => {
    const { status, body } = await api.get(`/subscriptions/imports/${id}/errors/kinds`)
    expect(status).toBe(200)
    return body.data.map(({ meta: { field, error, lines, first_line_number } }: ErrorKindAnswer) => [
      field,
      error,
      lines,
      first_line_number,
    ])
  }

  test('group equal errors by the number of lines, the most frequent first', async () => {
    const { id } = await api.import(
      times(3000, (index) => aSubscriber({ email: `nobody ${index}` })) +
        file(
          anOffering({ products: ['a', 'b'], plans: ['c'] }),
          anOffering({ products: ['d'], external_ref: 'o' }),
          aProduct({ external_ref: 'p' }),
          aProduct({ external_ref: 'p' }),
          aProduct({ price: { usd: { amount: 1 }, EUR: { amount: 'x' } } }),
          aProduct({ price: { GBP: { amount: 'y' } } }),
          '{"data":{"type":"nothing"}}',
          '{"data":{"type":"nothing \\"else\\""}}',
          '{',
          'x',
        ),
    )
    expect(await kinds(id)).toEqual([
      ['email', 'email must be an e-mail address, which has an @', 3000, 1],
      ['products[]', 'product "…" was not found', 2, 3001],
      ['price.*.amount', 'price.*.amount must be a whole number', 2, 3005],
      ['', expect.stringMatching(/^type "…" is not one of subscription_product, /), 2, 3007],
      ['', 'the line is not valid JSON', 2, 3009],
      ['plans[]', 'plan "…" was not found', 1, 3001],
      ['external_ref', 'external_ref "…" is already used by another record', 1, 3004],
      ['price.*', '"…" is not a currency code of three capital letters', 1, 3005],
    ])
  })

  test('of examples/mistakes.jsonl have as many lines as the report has of them', async () => {
    const content = await readFile(join(import.meta.dirname, '../../../examples/mistakes.jsonl'), 'utf8')
    const { id } = await api.import(content)
    const found = await kinds(id)
    expect(found.length).toBeLessThan(100)
    const errors = await api.errors(id)
    const malformed = errors.filter(({ error }) => error.startsWith('the line is not valid JSON'))
    expect(found.find(([, error]: string[]) => error === 'the line is not valid JSON')?.[2]).toBe(
      new Set(malformed.map(({ line }) => line)).size,
    )
  })

  test('of an import without errors are none', async () => {
    const { id } = await api.import(file(aProduct()))
    expect(await kinds(id)).toEqual([])
  })
})
