import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { aSubscriber, times } from '../support/builders.js'
import { testService } from '../support/service.js'

const service = testService({})

const RECORDS = 30_000

test('kill -9 in the midst of an import: no warning is lost, and none is counted twice', async () => {
  const file = times(RECORDS, (n) =>
    aSubscriber({
      external_ref: `s-${n}`,
      account_id: `0b2a5d0e-8a5c-4d4e-9d5e-${String(n % 25_000).padStart(12, '0')}`,
      email: `${n}@example.com`,
      [`colour-${Math.floor(n / 100)}`]: 'red',
    }),
  )
  const { id } = await service.api.create(file)
  for (;;) {
    const { meta, attributes } = await service.api.find(id)
    expect(attributes.status).not.toBe('success')
    if (meta.progress > 0.2) break
    await sleep(5)
  }
  await service.restart()
  const { meta } = await service.api.finished(id)
  expect(meta.warnings).toBe(RECORDS)
  const warnings = await service.api.read<
    { meta: { code: string; field: string; lines: number; first_line_number: number } }[]
  >(`/subscriptions/imports/${id}/warnings`)
  const found = warnings.map(({ meta: { code, field, lines, first_line_number } }) => [
    code,
    field,
    lines,
    first_line_number,
  ])
  expect(found).toEqual([
    ['repeated_account', 'account_id', 5000, 25_001],
    ...Array.from({ length: 100 }, (_, hundred) => [
      'unknown_attribute',
      `colour-${hundred}`,
      100,
      hundred * 100 + 1,
    ]),
  ])
})
