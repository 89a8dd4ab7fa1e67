import { expect, test } from 'vitest'
import { readFilter } from '../../../src/http/lists/filter.js'
import { product } from '../../../src/records/product.js'
import { listRecords } from '../../../src/records/read/records.js'
import { filtersOf } from '../../../src/routes/records/filters.js'
import { insertProducts, ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'

const service = testService()

test('a filter that no index answers reads each page of the owner once', async () => {
  const { pool, api } = service
  const ownerId = await ownerIdOf(pool, api)
  await insertProducts(pool, ownerId, 1, 20_000)
  // Few names make the index of names the smallest one.
  await pool.query("update products set name = 'Product ' || right(external_ref, 2)")
  await pool.query('vacuum full analyze products')
  const statements: { text: string; values: unknown[] }[] = []
  const query = (statement: { text: string; values: unknown[] }) => {
    statements.push({ text: statement.text, values: statement.values })
    return pool.query(statement)
  }
  const filter = readFilter('like(name,*77*)', filtersOf(product))
  const include = new Set<string>()
  const list = { recordType: product, ownerIds: [ownerId], filter, include }
  const { total } = await listRecords({ ...pool, query } as typeof pool, list, { offset: 0, limit: 25 })
  expect(total).toBeGreaterThan(0)
  const [{ text, values } = { text: '', values: [] }] = statements
  const explained = await pool.query(`explain (analyze, buffers, format json) ${text}`, values)
  const { Plan: plan } = explained.rows[0]['QUERY PLAN'][0]
  expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(2000)
})
