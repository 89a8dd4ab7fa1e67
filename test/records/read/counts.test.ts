import { expect, test } from 'vitest'
import { aProduct } from '../../support/builders.js'
import { testService } from '../../support/service.js'

const service = testService()

test('the total of a text is exact, whatever its form: of one, of several, in another case, and long', async () => {
  const api = await service.addStore()
  const long = 'x'.repeat(1001)
  const names = ['Coffee', 'Coffee', 'coffee', 'Coffee\u0001', `${long}a`, `${long}b`, `${long}b`]
  for (const name of names) await api.add(aProduct({ name, sku: name === 'Coffee' ? undefined : name }))
  const totalOf = async (filter: string) => {
    const { body } = await api.get(`/subscriptions/products?${new URLSearchParams({ filter })}`)
    expect(body.data).toHaveLength(body.meta.results.total)
    return body.meta.results.total
  }
  expect(await totalOf('eq(name,Coffee)')).toBe(2)
  expect(await totalOf('like(name,Coffee)')).toBe(3)
  expect(await totalOf('in(name,Coffee)')).toBe(2)
  expect(await totalOf('in(name,Coffee,coffee)')).toBe(3)
  expect(await totalOf('eq(name,Coffee):eq(name,coffee)')).toBe(0)
  expect(await totalOf('eq(name,"Coffee\u0001")')).toBe(1)
  expect(await totalOf(`eq(name,"${long}b")`)).toBe(2)
  expect(await totalOf('eq(sku,Coffee)')).toBe(0)
  expect(await totalOf('eq(sku,coffee)')).toBe(1)
})
