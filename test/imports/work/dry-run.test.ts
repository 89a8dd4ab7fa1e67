import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generateRecords } from '../../../bench/generate.js'
import type { OnConflict } from '../../../src/imports/terms.js'
import type { Api, ImportResource } from '../../support/api.js'
import {
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  aSubscription,
  counts,
  file,
  times,
} from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

// It looks at what all stores have, so it shares no service.
const service = testService({})
const api = newStoreEach(service)

const TABLES = ['products', 'plans', 'subscribers', 'offerings'] as const

/** The outcome of an import, as far as a rehearsal must report the same. */
async function outcome({ id, attributes, meta }: ImportResource, of: Api = api) {
  const { records, errors, failure } = meta
  return { status: attributes.status, records, errors, failure, report: await of.errors(id) }
}

async function totals(of: Api = api): Promise<number[]> {
  const lists = await Promise.all(TABLES.map((table) => of.get(`/subscriptions/${table}`)))
  return lists.map(({ body }) => body.meta.results.total)
}

/** Rehearses a file, then imports it: both must have the same outcome, and only the import adds. */
async function rehearseAndImport(content: string, onConflict?: OnConflict) {
  const before = await totals()
  const rehearsal = await api.import(content, { dryRun: true, ...(onConflict && { onConflict }) })
  expect(rehearsal.meta.dry_run).toBe(true)
  expect(await totals()).toEqual(before)
  const real = await api.import(content, onConflict ? { onConflict } : {})
  expect(real.meta.dry_run).toBeUndefined()
  // A conflicting record from before is named by its id, one of the same file by its line, as in the
  // rehearsal.
  expect(await outcome(rehearsal)).toEqual(await outcome(real))
  return real
}

describe('A rehearsal has the outcome of the import, and adds nothing', () => {
  test.each(['catalogue.jsonl', 'mistakes.jsonl'])('of examples/%s', async (name) => {
    const content = await readFile(join(import.meta.dirname, '../../../examples', name), 'utf8')
    await rehearseAndImport(content)
  })

  test('of many chunks, with references up and down the file', async () => {
    await rehearseAndImport([...generateRecords({ records: 9000 })].join('\n'))
  })

  test('of references by id to records that the file changes', async () => {
    const plan = await api.add(aPlan({ external_ref: 'monthly' }))
    const offering = await api.add(anOffering({ external_ref: 'coffee' }))
    const { meta } = await rehearseAndImport(
      file(
        aPlan({ external_ref: 'monthly', name: 'Changed' }),
        anOffering({
          external_ref: 'coffee',
          plans: [plan.id, aPlan({ external_ref: 'other' }).data.attributes],
        }),
        anOffering({ external_ref: 'tea', plans: [plan.id, 'monthly'] }),
        aSubscription({ offering_id: offering.id, offering_external_ref: undefined, selected_plan: 'other' }),
        aSubscription({ offering_external_ref: 'coffee', plan_id: plan.id }),
      ),
      'update',
    )
    expect(meta.records.imported).toEqual(counts(0, 1, 0, 1, 0, 2))
  })

  test.each(['reject', 'skip', 'update', 'patch'] as const)(
    'of a file that repeats itself, on_conflict=%s',
    async (onConflict) => {
      await api.import(file(aProduct({ external_ref: 'there' }), aPlan({ external_ref: 'there' })))
      await rehearseAndImport(
        times(7000, (index) =>
          index % 3 === 0
            ? aProduct({ external_ref: `p-${index % 2100}` })
            : aSubscriber({ external_ref: `s-${index % 5000}` }),
        ) +
          file(
            aProduct({ external_ref: 'there' }),
            aPlan({ external_ref: 'there' }),
            aPlan({ external_ref: 'new' }),
            anOffering({ external_ref: 'o', products: ['p-0', 'p-2097'], plans: ['there', 'new'] }),
            anOffering({ external_ref: 'o', products: ['p-0'], plans: ['nowhere'] }),
            anOffering({ external_ref: 'o', products: ['p-0'], plans: ['new'] }),
          ),
        onConflict,
      )
    },
  )

  test('of a file of which every record is rejected: it failed, and says why', async () => {
    const { attributes, meta } = await rehearseAndImport(file(aProduct({ name: 'x' })))
    expect(attributes.status).toBe('failed')
    expect(meta.failure?.reason).toBe('all_rejected')
  })
})

test('A rehearsal leaves nothing when it ends: nothing of it conflicts with another', async () => {
  const content = file(aProduct({ external_ref: 'p' }), anOffering({ products: ['p'] }))
  const rehearsals: string[] = []
  for (let run = 0; run < 3; run += 1) {
    const { id, meta } = await api.import(content, { dryRun: true })
    rehearsals.push(id)
    expect(meta.records.imported).toEqual(counts(1, 0, 0, 1))
  }
  // It is over first, and forgotten right after.
  const left = async () => {
    const { rows } = await service.pool.query(`
      select owner_id from products union all select owner_id from offerings
      union all select owner_id from offering_products union all select owner_id from offering_plans`)
    return rows.filter(({ owner_id }) => rehearsals.includes(owner_id))
  }
  await expect.poll(left, { timeout: 60_000 }).toEqual([])
})

describe('A rehearsal never takes an external_ref', () => {
  test('so the import may have that of its rehearsals, before and after', async () => {
    const content = file(aProduct())
    await api.import(content, { dryRun: true, externalRef: 'january' })
    await api.import(content, { dryRun: true, externalRef: 'january' })
    const { attributes } = await api.import(content, { externalRef: 'january' })
    expect(attributes).toEqual({ external_ref: 'january', status: 'success' })
    await api.import(content, { dryRun: true, externalRef: 'january' })
    expect((await api.upload(content, { externalRef: 'january' })).status).toBe(409)
  })
})

test('The owner’s queue continues after a rehearsal', async () => {
  const rehearsal = await api.create(
    times(6000, () => aProduct()),
    { dryRun: true },
  )
  const real = await api.import(file(aProduct()))
  expect(real.attributes.status).toBe('success')
  expect((await api.find(rehearsal.id)).attributes.status).toBe('success')
})

test('dry_run takes only true and false', async () => {
  const form = new FormData()
  form.set('dry_run', 'yes')
  form.set('import_file', new Blob([file(aProduct())]))
  const { status, body } = await api.request('/subscriptions/imports', { method: 'POST', body: form })
  expect(status).toBe(400)
  expect(body.errors[0].detail).toBe('dry_run: dry_run must be one of false, true')
})
