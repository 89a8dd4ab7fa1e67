import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recordTypes } from '../../../src/records/index.js'
import {
  catalogueOfOrganization,
  type RandomFile,
  randomFile,
  written,
} from '../../imports/work/properties/random-files.js'
import type { Api } from '../../support/api.js'
import { testService } from '../../support/service.js'

const service = testService()
const NO_IDS = { product: [], plan: [], feature: [], offering: [], copy: [] }

async function everything(from: Api, query: string): Promise<string> {
  const parts: string[] = []
  for (const { table } of recordTypes) {
    const headers = { accept: 'application/jsonl' }
    const { status, body } = await from.request(`/subscriptions/${table}${query}`, { headers })
    expect(status).toBe(200)
    parts.push(body)
  }
  return parts.join('')
}

/** Imports random files for one store, and what it exports for another one, with what that was. */
async function check(organizationId: string, files: readonly RandomFile[], query: string): Promise<void> {
  const one = await service.addStore(organizationId)
  for (const file of files) {
    const { bytes, onConflict } = written(file, NO_IDS)
    await one.import(bytes, { onConflict })
  }
  const exported = await everything(one, query)
  if (exported === '') return
  const other = await service.addStore(organizationId)
  const { id } = await other.import(exported)
  expect(await other.errors(id)).toEqual([])
  expect(await everything(other, query)).toBe(exported)
}

test('Whatever was imported, its export imports whole, and is exported again byte for byte', async () => {
  const { id, api } = await service.addOrganization()
  await api.import(written(catalogueOfOrganization, NO_IDS).bytes)
  await fc.assert(
    fc.asyncProperty(
      fc.array(randomFile, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '?inline=true'),
      (files, query) => check(id, files, query),
    ),
    {
      numRuns: 20,
      ...(process.env.TEST_SEED !== undefined && { seed: Number(process.env.TEST_SEED) }),
      interruptAfterTimeLimit: 45_000,
    },
  )
})
