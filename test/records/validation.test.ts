import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImportResource } from '../support/api.js'
import { file } from '../support/builders.js'
import { startTestService, type TestService } from '../support/service.js'
import { asLine, type Complaint, rules } from './rules.js'

let service: TestService
let imported: ImportResource
const complaints = new Map<number, Complaint[]>()

beforeAll(async () => {
  service = await startTestService()
  imported = await service.api.import(file(...rules.map(asLine)))
  for (const { line, field, error } of await service.api.errors(imported.id)) {
    complaints.set(line, [...(complaints.get(line) ?? []), [field, error]])
  }
})
afterAll(() => service.stop())

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
  })
  expect(imported.meta.errors).toBe(rules.flatMap(({ problems }) => problems).length)
})
