import { expect, test } from 'vitest'
import { ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'

const service = testService()

const named = async (id: string) => {
  const { rows } = await service.pool.query('select id, name from owners where id = $1', [id])
  return rows[0]
}

test('GET /v2/me names the key, its store, and the store’s organization', async () => {
  const { id, api: organization } = await service.addOrganization()
  const [alone, member] = [await service.addStore(), await service.addStore(id)]
  const storeOf = async (api: typeof alone) => named(await ownerIdOf(service.pool, api))
  for (const [api, meta] of [
    [alone, { owner: 'store', store: await storeOf(alone) }],
    [member, { owner: 'store', store: await storeOf(member), organization: await named(id) }],
    [organization, { owner: 'organization', organization: await named(id) }],
  ] as const) {
    const { status, body } = await api.get('/v2/me')
    expect(status).toBe(200)
    expect(body.data).toEqual({
      id: expect.any(String),
      type: 'credential',
      attributes: { name: 'test' },
      meta,
    })
  }
})
