// A client's program, as its author would write it with the types that openapi-typescript generates from the
// document. client.test.ts compiles and runs it beside the generated schema.ts, so it is not part of the
// project's own check. Usage: node run-import.js <url> <key>. Prints what it found as JSON.
import { setTimeout as sleep } from 'node:timers/promises'
import createClient from 'openapi-fetch'
import type { components, paths } from './schema.js'

const [, , baseUrl = '', key = ''] = process.argv
// Lists and errors answer JSON Lines, too, to those who ask for that.
const client = createClient<paths, 'application/json'>({
  baseUrl,
  headers: { authorization: `Bearer ${key}` },
})

type Line = components['schemas']['ImportLine']

const lines: Line[] = [
  { data: { type: 'subscription_product', attributes: { external_ref: 'prod-1', name: 'Coffee box' } } },
  { data: { type: 'subscription_product', attributes: { name: 'no' } } },
  {
    data: {
      type: 'subscription_offering',
      attributes: {
        name: 'Coffee, monthly',
        products: ['prod-1'],
        plans: [
          {
            name: 'Monthly',
            billing_interval_type: 'month',
            billing_frequency: 1,
            plan_length: 12,
            end_behavior: 'roll',
            can_pause: true,
            can_resume: true,
            can_cancel: true,
            fixed_price: { USD: { amount: 2500 } },
          },
        ],
      },
    },
  },
]

const id = await upload(lines)
const finished = await finish(id)
const errors = await client.GET('/v2/subscriptions/imports/{id}/errors', { params: { path: { id } } })
const products = await client.GET('/v2/subscriptions/products', {
  params: { query: { 'page[limit]': 10, filter: ['eq(external_ref,prod-1)'] } },
})
const offerings = await client.GET('/v2/subscriptions/offerings', { params: { query: { include: 'plans' } } })
const unknown = await client.GET('/v2/subscriptions/plans/{id}', { params: { path: { id } } })
const refused = await client.POST('/v2/subscriptions/products', {
  body: { data: { type: 'subscription_product', attributes: { name: 'no' } } },
})

console.log(
  JSON.stringify({
    status: finished.attributes.status,
    imported: finished.meta.records.imported,
    errors: errors.data?.data.map(({ meta }) => [meta.line_number, meta.field, meta.error]),
    products: products.data?.data.map(({ attributes }) => attributes.name),
    total: products.data?.meta.results.total,
    prices: offerings.data?.included?.plans?.map(({ meta }) => meta.price?.USD?.amount),
    unknown: unknown.error?.errors[0]?.detail,
    refused: refused.error?.errors[0]?.detail,
  }),
)

async function upload(records: readonly Line[]): Promise<string> {
  const file = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const { data, error } = await client.POST('/v2/subscriptions/imports', {
    body: { import_file: new Blob([file]), external_ref: 'from a generated client' },
    bodySerializer: (body) => {
      // The file alone, as `application/jsonl`, would work too.
      if (!('import_file' in body)) return body
      const form = new FormData()
      if (body.external_ref !== undefined) form.set('external_ref', body.external_ref)
      form.set('import_file', body.import_file, 'import.jsonl')
      return form
    },
  })
  if (error) throw new Error(JSON.stringify(error))
  return data.data.id
}

async function finish(importId: string): Promise<components['schemas']['Import']> {
  for (;;) {
    const { data, error } = await client.GET('/v2/subscriptions/imports/{id}', {
      params: { path: { id: importId } },
    })
    if (error) throw new Error(JSON.stringify(error))
    if (data.data.attributes.status === 'success' || data.data.attributes.status === 'failed')
      return data.data
    await sleep(50)
  }
}
