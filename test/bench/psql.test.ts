import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeCsv } from '../../bench/csv-files.js'
import { generateRecords } from '../../bench/generate.js'
import { withPostgres } from '../../bench/postgres.js'
import { findPsql, runPsql } from '../../bench/psql.js'
import { withTempFolder } from '../../bench/temp-folder.js'

const psql = findPsql()
const OWNER = 'f2a7f6f0-6a0f-4c0e-9a52-0d4f3c1f3a11'

const line = (type: string, attributes: object) =>
  JSON.stringify({ data: { type: `subscription_${type}`, attributes } })

/** Imports each of these files by psql into one new database, and returns what the statement then finds. */
const imported = (files: readonly Iterable<string>[], statement: string): Promise<string> =>
  withTempFolder((folder) =>
    withPostgres(async ({ url }) => {
      const database = { connectionString: url }
      await runPsql(psql ?? '', database, { script: 'schema.sql' })
      for (const [number, lines] of files.entries()) {
        const place = join(folder, String(number))
        await writeCsv(lines, place)
        const variables = { owner: OWNER }
        await runPsql(psql ?? '', database, { script: 'import.sql' }, { folder: place, variables })
      }
      return runPsql(psql ?? '', database, { statement })
    }),
  )

test.runIf(psql)('psql imports a generated file, and a second time updates it', async () => {
  const file = () => generateRecords({ records: 1000, content: 'without-subscriptions' })
  const parts = [...file()].flatMap((text) => {
    const { attributes } = JSON.parse(text).data
    return [...(attributes.products ?? []), ...(attributes.plans ?? [])]
  })
  const found = await imported(
    [file(), file()],
    `select (select count(*) from peer.products), (select count(*) from peer.plans),
       (select count(*) from peer.offerings), (select count(*) from peer.errors),
       (select count(*) from peer.offering_products) + (select count(*) from peer.offering_plans),
       (select count(distinct external_ref) = count(external_ref) from peer.subscribers)`,
  )
  expect(found).toBe(`300|200|100|0|${parts.length}|t`)
})

test.runIf(psql)('psql rejects what is invalid, taken, or refers to nothing', async () => {
  const offering = { external_ref: 'o', name: 'a bundle' }
  const lines = [
    line('product', { external_ref: 'p', name: 'coffee', price: { USD: { amount: 1 } } }),
    line('product', { external_ref: 'p', name: 'coffee' }),
    line('product', { external_ref: 'q', name: 'ab' }),
    line('subscriber', { external_ref: 's', name: 'Ann', email: 'ann at example', account_id: OWNER }),
    line('offering', { ...offering, products: ['p', { name: 'tea, "green"' }] }),
    line('offering', { ...offering, external_ref: 'x', products: ['q'] }),
  ]
  const found = await imported(
    [lines],
    `select string_agg(line || ' ' || problem, '; ' order by line) from peer.errors union all
     select string_agg(name, '; ' order by name) from peer.offering_products`,
  )
  expect(found.split('\n')).toEqual([
    '2 external_ref is already used by another record; 3 name is too long or too short; ' +
      '4 email is not an e-mail address; 6 products or plans have an external_ref that no record has',
    'coffee; tea, "green"',
  ])
})
