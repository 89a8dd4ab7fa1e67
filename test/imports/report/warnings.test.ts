import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  aSubscription,
  file,
  times,
} from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const store = newStoreEach(service)

interface WarningMeta {
  readonly code: string
  readonly field: string
  readonly record_type?: string
  readonly warning: string
  readonly lines: number
  readonly first_line_number?: number
}

const warningsOf = async (id: string): Promise<WarningMeta[]> => {
  const found = await store.read<{ type: string; meta: WarningMeta }[]>(
    `/subscriptions/imports/${id}/warnings`,
  )
  for (const { type } of found) expect(type).toBe('subscription_import_warning')
  return found.map(({ meta }) => meta)
}

/** `[code, field, lines, first line]` of each warning of a file, and how many lines have any. */
async function told(content: string) {
  const { id, meta } = await store.import(content)
  const warnings = await warningsOf(id)
  return {
    lines: meta.warnings,
    warnings: warnings.map(({ code, field, lines, first_line_number }) => [
      code,
      field,
      lines,
      first_line_number,
    ]),
  }
}

let nth = 0
const ref = () => ({ external_ref: `r-${++nth}` })

describe('A warning', () => {
  test('tells of attributes that the type does not know, at the top and of inline records', async () => {
    const content = file(
      aProduct({ ...ref(), colour: 'red', size: null }),
      aProduct({ ...ref(), colour: 'red' }),
      aPlan({ ...ref(), colour: 'red' }),
      anOffering({
        ...ref(),
        products: [
          { name: 'inline', weight: 1 },
          { name: 'another', weight: 2 },
        ],
      }),
      aSubscription({
        ...ref(),
        offering_external_ref: undefined,
        offering: { name: 'inline', weight: 1 },
        products: [{ name: 'inline', weight: 1 }],
        plans: [{ ...aPlan().data.attributes, meta: { selected: true }, weight: 1 }],
      }),
    )
    expect(await told(content)).toEqual({
      lines: 5,
      warnings: [
        ['unknown_attribute', 'colour', 2, 1],
        ['unknown_attribute', 'size', 1, 1],
        ['unknown_attribute', 'colour', 1, 3],
        ['unknown_attribute', 'products[].weight', 1, 4],
        ['unknown_attribute', 'offering.weight', 1, 5],
        ['unknown_attribute', 'plans[].weight', 1, 5],
        ['unknown_attribute', 'products[].weight', 1, 5],
      ],
    })
  })

  test('tells of records without an external_ref, by type', async () => {
    const content = file(aProduct({ external_ref: '' }), aPlan(), aPlan(ref()), aPlan({ external_ref: null }))
    expect(await told(content)).toEqual({
      lines: 3,
      warnings: [
        ['no_external_ref', 'external_ref', 2, 2],
        ['no_external_ref', 'external_ref', 1, 1],
      ],
    })
  })

  test('tells of subscribers that share an account or an e-mail address', async () => {
    const account_id = randomUUID()
    const content = file(
      aSubscriber({ ...ref(), account_id, email: 'a@example.com' }),
      aSubscriber({ ...ref(), account_id: account_id.toUpperCase(), email: 'b@example.com' }),
      aSubscriber({ ...ref(), account_id, email: 'A@example.com' }),
      aSubscriber({ ...ref(), account_id: randomUUID(), email: 'c@example.com' }),
    )
    expect(await told(content)).toEqual({
      lines: 2,
      warnings: [
        ['repeated_account', 'account_id', 2, 2],
        ['repeated_email', 'email', 1, 3],
      ],
    })
  })

  test('is about lines that are valid by themselves, even if they are rejected', async () => {
    const taken = { external_ref: `taken-${++nth}` }
    const content = file(
      aProduct(taken),
      aProduct({ ...taken, colour: 'red' }),
      aProduct({ name: 'x', colour: 'red' }),
      '{',
    )
    expect(await told(content)).toEqual({ lines: 1, warnings: [['unknown_attribute', 'colour', 1, 2]] })
  })

  test('names a hundred attributes at most, the first ones, and counts the lines of all', async () => {
    const content = times(150, (index) => aProduct({ ...ref(), [`a${index}`]: 1 }))
    const { lines, warnings } = await told(content)
    expect(lines).toBe(150)
    expect(warnings).toEqual(
      Array.from({ length: 100 }, (_, index) => ['unknown_attribute', `a${index}`, 1, index + 1]),
    )
  })

  test('says it in a sentence, with the type of the records', async () => {
    const { id } = await store.import(file(aPlan({ colour: 1 })))
    expect(await warningsOf(id)).toEqual([
      {
        owner: 'store',
        code: 'no_external_ref',
        field: 'external_ref',
        record_type: 'subscription_plan',
        warning: 'plans without an external_ref: imported again, they would be added again',
        lines: 1,
        first_line_number: 1,
      },
      {
        owner: 'store',
        code: 'unknown_attribute',
        field: 'colour',
        record_type: 'subscription_plan',
        warning: '"colour" is not an attribute of a plan: it is ignored',
        lines: 1,
        first_line_number: 1,
      },
    ])
  })

  test('tells of a file that was imported before', async () => {
    const content = file(aProduct(ref()))
    const first = await store.import(content)
    const again = await store.import(content, { dryRun: true })
    expect(await warningsOf(first.id)).toEqual([])
    expect(await warningsOf(again.id)).toEqual([
      {
        owner: 'store',
        code: 'same_file',
        field: '',
        warning: `a file with the same content was imported before, by import ${first.id}`,
        lines: 0,
      },
    ])
    expect(again.meta.warnings).toBe(0)
  })

  test('is the same for a rehearsal and its import', async () => {
    const content = times(3000, (index) =>
      aSubscriber({ account_id: randomUUID(), email: `s${index % 1000}@example.com` }),
    )
    const rehearsal = await store.import(content, { dryRun: true })
    const real = await store.import(content)
    for (const { id, meta } of [rehearsal, real]) {
      expect(meta.warnings).toBe(3000)
      expect((await warningsOf(id)).map(({ code, lines }) => [code, lines])).toEqual([
        ['no_external_ref', 3000],
        ['repeated_email', 2000],
      ])
    }
  })
})
