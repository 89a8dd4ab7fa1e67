import { expect, test } from 'vitest'
import { createCredential } from '../../src/tenants/keys.js'
import { type Answer, Api } from '../support/api.js'
import { aProduct, aSubscriber, file } from '../support/builders.js'
import { ownerIdOf } from '../support/rows.js'
import { administer, startTestService } from '../support/service.js'

test('No secret or e-mail address ever appears in the logs, however much is logged and whatever goes wrong', async () => {
  const service = await startTestService({ LOG_LEVEL: 'trace', API_KEY: 'chosen-default-key' })
  const { pool, api } = service
  const database = new URL(service.databaseUrl).pathname.slice(1)
  try {
    const store = await service.addStore()
    const ownerId = await ownerIdOf(pool, store)
    const client = await createCredential(pool, ownerId, 'client', 'the client')
    if (!client) throw new Error('there is a client of this name')
    const oauth = (secret: string): Promise<Answer> =>
      api.request('/oauth/access_token', {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: client.id,
          client_secret: secret,
        }),
      })
    const list = '/subscriptions/subscribers'
    const filtered = `${list}?${new URLSearchParams({ filter: 'eq(email,filter@secret.example)' })}`

    // Right and wrong keys, clients and tokens, also in the wrong places.
    expect((await api.get('/subscriptions/imports')).status).toBe(200)
    expect((await new Api(api.url, 'wrong-bearer-key').get(list)).status).toBe(401)
    expect((await store.get(`${list}?access_token=key-in-the-query`)).status).toBe(200)
    expect((await oauth('wrong-client-secret')).status).toBe(401)
    const token: string = (await oauth(client.secret)).body.access_token
    expect((await new Api(api.url, token).get(filtered)).status).toBe(200)
    expect((await store.get(`${list}?filter=eq(email,broken@secret.example`)).status).toBe(400)
    expect((await store.get('/nothing/path@secret.example?x=query@secret.example')).status).toBe(404)

    for (const path of ['path@d%C3%B6main.example', 'path%2540domain.example', 'path@domain%2Eexample'])
      expect((await store.get(`/nothing/${path}`)).status).toBe(404)

    // An import with mistakes in e-mail addresses, and what people do with one record.
    const imported = await store.import(
      file(
        aSubscriber({ email: 'right@secret.example', external_ref: 'ref@secret.example' }),
        aSubscriber({ email: 'wrong@secret@secret.example' }),
        aSubscriber({ email: 'again@secret.example', external_ref: 'ref@secret.example' }),
        aSubscriber({ email: 'short@secret.example', name: 'x' }),
        '{"data": broken@secret.example',
      ),
      { externalRef: 'import@secret.example', fileName: 'file@secret.example' },
    )
    expect(imported.meta.errors).toBe(4)
    expect((await store.post(list, aSubscriber({ email: 'posted@secret.example', name: 'x' }))).status).toBe(
      400,
    )
    expect((await store.post(list, '{"email":"unread@secret.example"')).status).toBe(400)

    // Server errors: PostgreSQL reports the failing row, the value or the privilege.
    const failing = (email: string) => store.post(list, aSubscriber({ email }))
    await pool.query("alter table subscribers add constraint none check (email not like 'row%')")
    expect((await failing('row@secret.example')).status).toBe(500)
    const { id } = await store.create(file(aSubscriber({ email: 'row-of-job@secret.example' }), aProduct()))
    await expect
      .poll(() => service.server.stderr().includes(id) && workerFailed(service.server.stderr()))
      .toBe(true)
    await pool.query('alter table subscribers drop constraint none')
    expect((await store.finished(id)).attributes.status).toBe('success')
    await pool.query(`
      create function cast_it() returns trigger language plpgsql as
      $$ begin perform new.email::bigint; return new; end $$;
      create trigger cast_it before insert on subscribers for each row execute function cast_it()`)
    expect((await failing('cast@secret.example')).status).toBe(500)
    expect((await failing('cast@dömain.example')).status).not.toBe(201)
    await pool.query('drop trigger cast_it on subscribers')
    await pool.query('alter table access_tokens rename to gone')
    expect((await oauth(client.secret)).status).toBe(500)
    await pool.query('alter table gone rename to access_tokens')
    await administer(`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = '${database}' and application_name = 'intake' and pid <> pg_backend_pid()`)
    await expect.poll(async () => (await store.get(filtered)).status).toBe(200)

    const log = service.server.stderr()
    expect(log).toMatch(/"request completed"/)
    expect(log).toMatch(/"request failed"/)
    expect(log).toMatch(/"import received"/)
    expect(log.match(/\[e-mail\]/g)).not.toBeNull()
    const secrets = [store.key, client.secret, token, 'chosen-default-key', 'wrong-bearer-key']
    for (const secret of [
      ...secrets,
      'wrong-client-secret',
      'key-in-the-query',
      'secret.example',
      '/path',
      'cast@',
      'main.example',
    ]) {
      const line = log.split('\n').find((one) => one.includes(secret))
      expect(line, secret).toBeUndefined()
    }
    for (const line of log.split('\n').filter(Boolean)) expect(() => JSON.parse(line), line).not.toThrow()
  } finally {
    await service.stop()
  }
})

/** Whether the worker has logged an error of PostgreSQL. */
const workerFailed = (log: string): boolean => /"thread":"worker".*"code":"23514"/.test(log)
