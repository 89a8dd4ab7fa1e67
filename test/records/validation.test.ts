import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Api, type ImportResource, listOf, type RecordResource } from '../support/api.js'
import { file } from '../support/builders.js'
import { testService } from '../support/service.js'
import { rules } from './rules/index.js'
import { asLine, type Complaint, type Rule } from './rules/rule.js'

const service = testService()
let importer: Api
let imported: ImportResource
const complaints = new Map<number, Complaint[]>()

beforeAll(async () => {
  importer = await service.addStore()
  imported = await importer.import(file(...rules.map(asLine)))
  for (const { line, field, error } of await importer.errors(imported.id)) {
    complaints.set(line, [...(complaints.get(line) ?? []), [field, error]])
  }
})

const sorted = (problems: readonly Complaint[]) => problems.map((problem) => problem.join(' → ')).sort()

describe('A line of an import', () => {
  for (const [index, { title, problems }] of rules.entries()) {
    test(title, () => {
      expect(sorted(complaints.get(index + 1) ?? [])).toEqual(sorted(problems))
    })
  }
})

test('what is valid is imported, and nothing else', () => {
  const count = (type: string) =>
    rules.filter((rule) => rule.type === type && rule.problems.length === 0).length
  expect(imported.attributes.status).toBe('success')
  expect(imported.meta.records.imported).toEqual({
    subscription_product: count('subscription_product'),
    subscription_plan: count('subscription_plan'),
    subscription_subscriber: count('subscription_subscriber'),
    subscription_offering: count('subscription_offering'),
    subscription_feature: count('subscription_feature'),
    subscription: count('subscription'),
  })
  expect(imported.meta.errors).toBe(rules.flatMap(({ problems }) => problems).length)
})

/** A flat body. It names its type last, which then counts (contract 7, 9). */
const asFlat = ({ type, attributes }: Rule): string =>
  `{"data":${attributes.slice(0, -1)}${attributes === '{}' ? '' : ','}"type":"${type}"}}`

/** A 400 has every problem, with its path from `path`; without problems it is a 201. */
function expectVerdict({ status, body }: Answer, path: string, problems: readonly Complaint[]): void {
  if (problems.length === 0) {
    expect(body.errors).toBeUndefined()
    expect(status).toBe(201)
    return
  }
  expect(status).toBe(400)
  const details = body.errors.map(({ detail }: { detail: string }) => detail)
  expect(details.sort()).toEqual(problems.map(([field, sentence]) => `${path}.${field}: ${sentence}`).sort())
  for (const error of body.errors) expect(error).toMatchObject({ status: '400', title: 'Validation Error' })
}

const isOffering = ({ type }: Rule) => type === 'subscription_offering'

describe('A POST', () => {
  let poster: Api
  beforeAll(async () => {
    poster = await service.addStore()
  })

  for (const rule of rules) {
    test(rule.title, async () => {
      const list = listOf(rule.type)
      if (isOffering(rule)) {
        expectVerdict(await poster.post(`${list}/build`, asFlat(rule)), 'data', rule.problems)
      } else {
        expectVerdict(await poster.post(list, asLine(rule)), 'data.attributes', rule.problems)
      }
    })
  }

  test.each(['products', 'plans', 'subscribers', 'offerings', 'features', 'subscriptions'])(
    'makes the same %s as an import does',
    async (list) => {
      expect(await contents(poster, list)).toEqual(await contents(importer, list))
    },
  )
})

describe('A POST of a subscription, its attributes beside its type', () => {
  let poster: Api
  beforeAll(async () => {
    poster = await service.addStore()
  })

  for (const rule of rules.filter(({ type }) => type === 'subscription')) {
    test(rule.title, async () => {
      expectVerdict(await poster.post('/subscriptions/subscriptions', asFlat(rule)), 'data', rule.problems)
    })
  }

  test('makes the same as an import does', async () => {
    expect(await contents(poster, 'subscriptions')).toEqual(await contents(importer, 'subscriptions'))
  })
})

describe('A POST of just an offering takes neither products nor plans', () => {
  let poster: Api
  beforeAll(async () => {
    poster = await service.addStore()
  })

  for (const rule of rules.filter(isOffering)) {
    test(rule.title, async () => {
      const problems = rule.problems.filter(([field]) => !/^(products|plans)\b/.test(field))
      expectVerdict(await poster.post('/subscriptions/offerings', asLine(rule)), 'data.attributes', problems)
    })
  }
})

/**
 * All that a list and its `included` hold, as texts to compare: attributes without their times, and without
 * the ids that each has of its own.
 */
async function contents(api: Api, list: string): Promise<string[]> {
  const include = ['offerings', 'subscriptions'].includes(list) ? '&include=products,plans' : ''
  const pages = await api.pages(`/subscriptions/${list}?page[limit]=100${include}`)
  return pages
    .flatMap(({ data, included = {} }) => [data, included.products ?? [], included.plans ?? []].flat())
    .map(({ type, attributes }: RecordResource) => JSON.stringify([type, attributes], withoutOwn))
    .sort()
}

const withoutOwn = (key: string, value: unknown): unknown =>
  ['created_at', 'updated_at', 'id', 'plan_id'].includes(key) ? undefined : value
