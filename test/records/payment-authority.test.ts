import { describe, expect, test } from 'vitest'
import { anInlineSubscription, aSubscriber, file } from '../support/builders.js'
import { newStoreEach, testService } from '../support/service.js'

const service = testService({ LOG_LEVEL: 'debug' })
const store = newStoreEach(service)

const SECRET = 'cus_NobodyIsTold'
const payment_authority = { type: 'elastic_path_payments_stripe', customer_id: SECRET, card_id: SECRET }

describe.each([
  ['subscribers', aSubscriber],
  ['subscriptions', anInlineSubscription],
] as const)('The payment authority of %s', (table, build) => {
  const list = `/subscriptions/${table}`
  const { type } = build().data

  /** What is stored of a record. */
  async function stored(id: string): Promise<unknown> {
    const { rows } = await service.pool.query(`select payment_authority from ${table} where id = $1`, [id])
    return rows[0]?.payment_authority
  }

  test('is stored by a line, a POST and a PUT, cleared by null, and kept by other changes', async () => {
    const { id: importId } = await store.import(file(build({ external_ref: 'a', payment_authority })))
    const imported = (await store.get(`${list}?filter=eq(external_ref,a)`)).body.data[0]
    expect(await stored(imported.id)).toEqual(payment_authority)
    const posted = await store.add(build({ payment_authority: { ...payment_authority, unknown: 1 } }))
    expect(await stored(posted.id)).toEqual(payment_authority)

    const put = async (attributes: Readonly<Record<string, unknown>>) => {
      const data = { type, id: posted.id, attributes }
      expect((await store.put(`${list}/${posted.id}`, { data })).status).toBe(200)
      return await stored(posted.id)
    }
    expect(await put({ name: 'Another name' })).toEqual(payment_authority)
    expect(await put({ payment_authority: { type: 'authorize_net' } })).toEqual({ type: 'authorize_net' })
    expect(await put({ payment_authority: null })).toBeNull()

    const other = { type: 'authorize_net', customer_profile_id: '9001' }
    await store.import(file(build({ external_ref: 'a', payment_authority: other })), {
      onConflict: 'update',
    })
    expect(await stored(imported.id)).toEqual(other)
    expect((await store.get(`/subscriptions/imports/${importId}/errors`)).body.data).toEqual([])
  })

  test('is in no answer, error report or log; the rejected lines do, which are the caller’s own', async () => {
    const bad = { ...payment_authority, card_id: 'ab', customer_id: SECRET }
    const one = await store.import(
      file(build({ external_ref: 'b', payment_authority }), build({ payment_authority: bad })),
    )
    const { body } = await store.get(`${list}?filter=eq(external_ref,b)`)
    const [{ id }] = body.data
    const refused = { data: build({ payment_authority: bad }).data }
    const answers = await Promise.all([
      store.get(list),
      store.get(`${list}/${id}`),
      store.put(`${list}/${id}`, { data: { type, id } }),
      store.post(list, build({ payment_authority })),
      store.post(list, refused),
      store.put(`${list}/${id}`, { data: { type, id, attributes: { payment_authority: bad } } }),
      store.get(`/subscriptions/imports/${one.id}`),
      store.get(`/subscriptions/imports/${one.id}/errors`),
      store.get(`/subscriptions/imports/${one.id}/errors/kinds`),
      store.get(`/subscriptions/imports/${one.id}/results`),
    ])
    for (const answer of answers) {
      expect(JSON.stringify(answer.body)).not.toContain(SECRET)
      expect(JSON.stringify(answer.body)).not.toContain('"payment_authority":')
    }
    expect((await store.get(`/subscriptions/imports/${one.id}/rejected`)).body).toContain(SECRET)
    expect(service.server.stderr()).not.toContain(SECRET)
  })

  test('in the lines of an organization’s import is not for its stores, which get the others', async () => {
    const { id: organizationId, api: organization } = await service.addOrganization()
    const itsStore = await service.addStore(organizationId)
    const secret = file(build({ name: 'ab', payment_authority }))
    const escaped = secret.replace('payment_authority', 'payment\\u005Fauthority')
    const malformed = secret.replace('}\n', '\n')
    const others = file(build({ name: 'ab' }), '{')
    const { id } = await organization.import(secret + escaped + malformed + others)
    const path = `/subscriptions/imports/${id}`
    expect((await itsStore.get(`${path}/errors`)).body.data).toHaveLength(5)
    expect((await itsStore.get(`${path}/rejected`)).body).toBe(others)
    expect((await itsStore.get(`${path}/rejected?line_number=1`)).body).toBe('')
    const headers = { accept: 'text/csv' }
    const csv = String((await itsStore.request(`${path}/errors`, { headers })).body)
    expect(csv).not.toContain(SECRET)
    expect(csv).toMatch(/^"1","[^"]*","name","too_short","[^"]*","ab","",""\r$/m)
    expect(csv).toMatch(/,"\{"\r$/m)
    expect((await organization.request(`${path}/errors`, { headers })).body).toContain(SECRET)
    expect((await organization.get(`${path}/rejected`)).body).toContain(SECRET)
  })
})
