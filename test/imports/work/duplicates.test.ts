import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { anOffering, aPlan, aProduct, aSubscriber, counts, file, times } from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

const builders = [
  ['product', 'products', aProduct],
  ['plan', 'plans', aPlan],
  ['subscriber', 'subscribers', aSubscriber],
  ['offering', 'offerings', anOffering],
] as const

/** The owner's names in a table, in the order of their lines. */
async function storedNames(table: string): Promise<string[]> {
  const { body } = await api.get(`/subscriptions/${table}?page[limit]=100`)
  return body.data.map(({ attributes }: { attributes: { name: string } }) => attributes.name).reverse()
}

/** Emoji in random order, the same at every run: they do not compress. */
function manyEmoji(count: number): string {
  let state = 1
  return Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647
    return String.fromCodePoint(0x1f300 + (state % 0x300))
  }).join('')
}

describe.each(builders)('A %s whose external_ref is taken', (noun, table, build) => {
  test('by an earlier line is rejected, and the sentence names that line', async () => {
    const { id, meta } = await api.import(
      file(
        build({ name: 'First', external_ref: 'p-1' }),
        build({ name: 'Other' }),
        build({ name: 'Second', external_ref: 'p-1' }),
        build({ name: 'Third', external_ref: 'p-1' }),
      ),
    )
    const error = 'external_ref "p-1" is already used by line 1'
    expect(await api.errors(id)).toEqual([
      { line: 3, field: 'external_ref', error, externalRef: 'p-1' },
      { line: 4, field: 'external_ref', error, externalRef: 'p-1' },
    ])
    expect(meta.errors).toBe(2)
    expect(await storedNames(table)).toEqual(['First', 'Other'])
  })

  test('by an existing record is rejected, and the sentence names that record', async () => {
    await api.import(file(build({ name: 'There already', external_ref: 'p-1' })))
    const { body } = await api.get(`/subscriptions/${table}`)
    const error = `external_ref "p-1" is already used by ${noun} ${body.data[0].id}`
    expect(
      await api.complaints(
        file(build({ external_ref: 'p-1' }), build({ name: 'New' }), build({ external_ref: 'p-1' })),
      ),
    ).toEqual([
      [1, 'external_ref', error],
      [3, 'external_ref', error],
    ])
    expect(await storedNames(table)).toEqual(['There already', 'New'])
  })

  test('by nobody, because the earlier line was not valid, is imported', async () => {
    const { id } = await api.import(
      file(
        build({ name: 'ab', external_ref: 'p-1' }),
        build({ name: 'Second', external_ref: 'p-1' }),
        build({ name: 'Third', external_ref: 'p-1' }),
      ),
    )
    expect((await api.errors(id)).map(({ line, error }) => [line, error])).toEqual([
      [1, 'name must be at least 3 characters'],
      [3, 'external_ref "p-1" is already used by line 2'],
    ])
    expect(await storedNames(table)).toEqual(['Second'])
  })

  test('by a record of another owner, or of its organization, is imported', async () => {
    const organization = await service.addOrganization()
    const store = await service.addStore(organization.id)
    for (const owner of [organization.api, store, api]) {
      const { meta, attributes } = await owner.import(file(build({ external_ref: 'p-1' })))
      expect(meta.errors).toBe(0)
      expect(attributes.status).toBe('success')
    }
  })
})

test('An offering that was rejected for its references does not take its external_ref', async () => {
  expect(
    await api.complaints(
      file(
        anOffering({ name: 'First', external_ref: 'o-1', products: ['nothing'] }),
        anOffering({ name: 'Second', external_ref: 'o-1' }),
      ),
    ),
  ).toEqual([[1, 'products[0]', 'product "nothing" was not found']])
  expect(await storedNames('offerings')).toEqual(['Second'])
})

test('The same external_ref in every type is fine', async () => {
  const { meta } = await api.import(file(...builders.map(([, , build]) => build({ external_ref: 'same' }))))
  expect(meta.records.imported).toEqual(counts(1, 1, 1, 1))
})

test('A file posted again is rejected line by line, and the import failed', async () => {
  const content = file(
    ...builders.flatMap(([, , build]) => [build({ external_ref: 'a' }), build({ external_ref: 'b' })]),
  )
  expect((await api.import(content)).attributes.status).toBe('success')
  const again = await api.import(content)
  expect(again.attributes.status).toBe('failed')
  expect(again.meta.failure).toEqual({ reason: 'all_rejected', detail: expect.stringMatching(/\w+\.$/) })
  expect(again.meta.records.uploaded).toEqual(counts(2, 2, 2, 2))
  expect(again.meta.records.imported).toEqual(counts())
  const errors = await api.errors(again.id)
  expect(errors.map(({ line, field }) => [line, field])).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map((line) => [line, 'external_ref']),
  )
  for (const { error } of errors) {
    expect(error).toMatch(
      /^external_ref "[ab]" is already used by (product|plan|subscriber|offering) [0-9a-f-]{36}$/,
    )
  }
})

test('However far the earlier line is, it wins, and is named', async () => {
  const { id, meta } = await api.import(
    times(6000, (index) => aProduct({ name: `Line ${index + 1}`, external_ref: `p-${index % 2500}` })),
  )
  expect(meta.records.imported).toEqual(counts(2500))
  expect((await api.errors(id)).map(({ line, error }) => [line, error])).toEqual(
    Array.from({ length: 3500 }, (_, index) => [
      2501 + index,
      `external_ref "p-${index % 2500}" is already used by line ${(index % 2500) + 1}`,
    ]),
  )
  const { rows } = await service.pool.query<{ name: string }>(
    'select name from products p join imports i on i.owner_id = p.owner_id where i.id = $1 order by p.id',
    [id],
  )
  expect(rows.map(({ name }) => name)).toEqual(
    Array.from({ length: 2500 }, (_, index) => `Line ${index + 1}`),
  )
})

test('An offering far behind another of the same external_ref is rejected and names it', async () => {
  const { id, meta } = await api.import(
    times(2600, (index) =>
      index === 5 || index === 2555
        ? anOffering({ name: `Offering ${index + 1}`, external_ref: 'o-1' })
        : index % 2 === 0
          ? anOffering()
          : aProduct(),
    ),
  )
  expect(meta.records.imported).toEqual(counts(1298, 0, 0, 1301))
  expect((await api.errors(id)).map(({ line, error }) => [line, error])).toEqual([
    [2556, 'external_ref "o-1" is already used by line 6'],
  ])
})

describe('An external_ref', () => {
  test('is different in another case, form or with spaces', async () => {
    const refs = [
      'abc',
      'ABC',
      'Abc',
      ' abc',
      'abc ',
      'caf\u00e9',
      'cafe\u0301',
      'STRASSE',
      'straße',
      '',
      ' ',
    ]
    const { meta } = await api.import(file(...refs.map((external_ref) => aProduct({ external_ref }))))
    expect(meta.errors).toBe(0)
    expect(meta.records.imported).toEqual(counts(refs.length))
  })

  test('that is null, empty or absent is taken by nobody', async () => {
    const { meta } = await api.import(
      file(aProduct(), aProduct({ external_ref: null }), aProduct({ external_ref: '' }), aProduct()),
    )
    expect(meta.records.imported).toEqual(counts(4))
  })

  test.each([
    ['letters', 'x'.repeat(2047)],
    ['emoji that do not compress', manyEmoji(2047)],
  ])('of 2048 %s counts to its last character', async (_, beginning) => {
    const content = file(
      aProduct({ external_ref: `${beginning}a` }),
      aProduct({ external_ref: `${beginning}b` }),
      aProduct({ external_ref: `${beginning}a` }),
    )
    const { id, meta } = await api.import(content)
    expect(meta.records.imported).toEqual(counts(2))
    expect(await api.errors(id)).toEqual([
      {
        line: 3,
        field: 'external_ref',
        error: expect.stringMatching(/^external_ref ".+" is already used by line 1$/),
        externalRef: `${beginning}a`,
      },
    ])
    expect((await api.import(content)).meta.failure?.reason).toBe('all_rejected')
  })

  test('may look like what an index holds instead of a long one', async () => {
    const long = 'x'.repeat(2000)
    const key = `${long.slice(0, 200)}\u0001${createHash('md5').update(long).digest('hex')}`
    const { meta } = await api.import(
      file(aProduct({ external_ref: long }), aProduct({ external_ref: key }), aProduct()),
    )
    expect(meta.records.imported).toEqual(counts(3))
  })
})
