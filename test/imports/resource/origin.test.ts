import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createCredential } from '../../../src/tenants/keys.js'
import { Api, type ImportResource } from '../../support/api.js'
import { aProduct, file } from '../../support/builders.js'
import { expectError, expectErrors, expectUnparsableFilter } from '../../support/errors.js'
import { importFile, multipart } from '../../support/multipart.js'
import { ownerIdOf } from '../../support/rows.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

const line = file(aProduct())
const bad = file(aProduct({ name: 'x' }))

describe('created_by', () => {
  test('is the name of the key', async () => {
    expect((await api.create(line)).meta.created_by).toBe('test')
  })

  test('is the name of the client whose access token is used', async () => {
    const owner = await ownerIdOf(service.pool, api)
    const client = await createCredential(service.pool, owner, 'client', 'warehouse')
    const { body } = await api.request('/oauth/access_token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client?.id ?? '',
        client_secret: client?.secret ?? '',
      }).toString(),
    })
    const { id, meta } = await new Api(api.url, body.access_token).create(line)
    expect(meta.created_by).toBe('warehouse')
    expect((await api.find(id)).meta.created_by).toBe('warehouse')
  })
})

describe('The name of a file', () => {
  const nameOfPart = async (fileName: string) => {
    const { status, body } = await api.postForm(multipart([importFile(line, fileName)]))
    expect(status).toBe(201)
    return (body.data as ImportResource).meta.file.name
  }

  test.each([
    ['catalogue.jsonl', 'catalogue.jsonl'],
    ['Größe ☕.jsonl', 'Größe ☕.jsonl'],
    ['/home/me/june.jsonl', 'june.jsonl'],
    ['C:\\\\Users\\\\me\\\\june.jsonl', 'june.jsonl'],
    ['100%.jsonl', '100%.jsonl'],
    ['%22quoted%22.jsonl', '"quoted".jsonl'],
    ['two%0D%0Alines', 'two\r\nlines'],
    ['x'.repeat(255), 'x'.repeat(255)],
    ['☕'.repeat(255), '☕'.repeat(255)],
    ['x'.repeat(256), undefined],
    ['', undefined],
    ['..', undefined],
    ['june/', undefined],
  ])('that a form sends as %j is %j', async (given, kept) => {
    expect(await nameOfPart(given)).toBe(kept)
  })

  test('stays, and is the same in the list', async () => {
    const { id } = await api.import(line, { fileName: 'june.jsonl' })
    expect((await api.find(id)).meta.file.name).toBe('june.jsonl')
    expect((await api.get('/subscriptions/imports')).body.data[0].meta.file.name).toBe('june.jsonl')
  })

  test.each([
    [undefined, undefined],
    ['attachment', undefined],
    ['attachment; filename=june.jsonl', 'june.jsonl'],
    ['attachment; filename="my june.jsonl"', 'my june.jsonl'],
    ['attachment; filename="\\"june\\".jsonl"', '"june".jsonl'],
    ["attachment; filename=june.jsonl; filename*=UTF-8''%E2%98%95.jsonl", '☕.jsonl'],
    [Buffer.from('attachment; filename="Größe ☕.jsonl"').toString('latin1'), 'Größe ☕.jsonl'],
    ['attachment; filename="/home/me/june.jsonl"', 'june.jsonl'],
    ["attachment; filename*=UTF-8''%00.jsonl", undefined],
    [';;="', undefined],
  ])('that is the whole body, with the Content-Disposition %j, is %j', async (header, kept) => {
    const { status, body } = await api.request('/subscriptions/imports', {
      method: 'POST',
      headers: {
        'content-type': 'application/jsonl',
        ...(header !== undefined && { 'content-disposition': header }),
      },
      body: line,
    })
    expect(status).toBe(201)
    expect(body.data.meta.file.name).toBe(kept)
  })
})

describe('same_file_as', () => {
  const sameFileAs = async (content: string, options = {}) =>
    (await api.create(content, options)).meta.same_file_as

  test("is the owner's latest import of the same bytes, whatever its name", async () => {
    expect(await sameFileAs(line)).toBeUndefined()
    expect(await sameFileAs(file(aProduct({ name: 'Another' })))).toBeUndefined()
    const second = await api.import(line, { fileName: 'second.jsonl' })
    const third = await api.create(line, { fileName: 'third.jsonl', externalRef: 'third' })
    expect(third.meta.same_file_as).toBe(second.id)
    expect((await api.finished(third.id)).meta.same_file_as).toBe(second.id)
    expect(await sameFileAs(line, { dryRun: true })).toBe(third.id)
  })

  test("is neither a rehearsal, nor an import that failed, nor another owner's", async () => {
    await api.import(line, { dryRun: true })
    expect((await api.import(bad)).attributes.status).toBe('failed')
    await (await service.addStore()).import(line)
    expect(await sameFileAs(line)).toBeUndefined()
    expect(await sameFileAs(bad)).toBeUndefined()
  })

  test('can be asked for before the file is sent, by its SHA-256', async () => {
    const { id, meta } = await api.import(line)
    await api.import(file(aProduct({ name: 'Another' })))
    const ask = (operand: string) => api.get(`/subscriptions/imports?filter=eq(sha256,${operand})`)
    for (const operand of [meta.file.sha256, meta.file.sha256.toUpperCase()]) {
      const { body } = await ask(operand)
      expect(body.data.map((one: ImportResource) => one.id)).toEqual([id])
      expect(body.meta.results.total).toBe(1)
    }
    expect((await ask('0'.repeat(64))).body.data).toEqual([])
    for (const operand of ['abc', 'g'.repeat(64), `${'0'.repeat(65)}`])
      expectUnparsableFilter(await ask(operand))
    expectUnparsableFilter(await api.get(`/subscriptions/imports?filter=in(sha256,${'0'.repeat(64)})`))
  })
})

describe('fixes', () => {
  test('names the import whose rejected lines the file has; both show each other', async () => {
    const first = await api.import(file(aProduct(), aProduct({ name: 'x' })))
    expect(first.meta.fixed_by).toBeUndefined()
    const second = await api.import(file(aProduct({ name: 'Fixed' })), { fixes: first.id })
    expect(second.meta.fixes).toBe(first.id)
    expect((await api.find(first.id)).meta.fixed_by).toBe(second.id)
    const third = await api.import(file(aProduct({ name: 'Fixed again' })), { fixes: first.id })
    expect((await api.find(first.id)).meta.fixed_by).toBe(third.id)
  })

  test('fixed_by is neither a rehearsal nor an import that failed', async () => {
    const first = await api.import(file(aProduct(), aProduct({ name: 'x' })))
    await api.import(line, { fixes: first.id, dryRun: true })
    await api.import(bad, { fixes: first.id })
    expect((await api.find(first.id)).meta.fixed_by).toBeUndefined()
  })

  test.each(['before', 'after'] as const)(
    "is 400 for another owner's import and for none, the field %s the file; nothing is left",
    async (order) => {
      const theirs = await (await service.addStore()).import(line)
      for (const id of [theirs.id, randomUUID()]) {
        const fixes = { name: 'fixes', content: id }
        const parts = order === 'before' ? [fixes, importFile(line)] : [importFile(line), fixes]
        expectError(
          await api.postForm(multipart(parts)),
          400,
          'Validation Error',
          `fixes: import "${id}" was not found`,
        )
      }
      expect((await api.get('/subscriptions/imports')).body.meta.results.total).toBe(0)
    },
  )
})

const run = (id: string) => api.request(`/subscriptions/imports/${id}/run`, { method: 'POST' })

describe('A rehearsal', () => {
  const content = file(aProduct({ external_ref: 'a' }), aProduct({ name: 'x' }), '')

  test('that has ended is run for real, of the same bytes with the same options', async () => {
    const fixed = await api.import(line)
    const rehearsal = await api.import(content, {
      dryRun: true,
      onConflict: 'skip',
      maxErrors: 7,
      fixes: fixed.id,
      externalRef: 'june',
      fileName: 'june.jsonl',
    })
    const { status, headers, body } = await run(rehearsal.id)
    expect(status).toBe(201)
    const { id, attributes, meta } = body.data as ImportResource
    expect(headers.get('location')).toBe(`/subscriptions/imports/${id}`)
    expect(attributes).toEqual({ external_ref: 'june', status: 'pending' })
    expect(meta).toMatchObject({
      file: rehearsal.meta.file,
      rehearsal_of: rehearsal.id,
      on_conflict: 'skip',
      max_errors: 7,
      fixes: fixed.id,
      created_by: 'test',
    })
    expect(meta.dry_run).toBeUndefined()
    expect(meta.same_file_as).toBeUndefined()
    expect(meta.records.uploaded).toEqual(rehearsal.meta.records.uploaded)
    const ended = await api.finished(id)
    expect(ended.attributes.status).toBe('success')
    expect(ended.meta.records).toEqual(rehearsal.meta.records)
    expect(ended.meta.errors).toBe(rehearsal.meta.errors)
    expect((await api.find(rehearsal.id)).meta.run_as).toBe(id)
    expect((await api.get('/subscriptions/products')).body.meta.results.total).toBe(2)
    const path = `/subscriptions/imports/${id}/rejected`
    expect((await api.get(path)).body).toBe(file(aProduct({ name: 'x' })))
  })

  test('is run once, unless that import failed', async () => {
    // Without an external_ref, so that the second one does not fail by itself.
    const { id } = await api.import(file(aProduct()), { dryRun: true })
    const first = await run(id)
    await api.finished(first.body.data.id)
    const conflict = { title: 'Write Conflict', detail: /was run before/, meta: { id: first.body.data.id } }
    expectErrors(await run(id), 409, [conflict])

    await service.pool.query(
      "update imports set status = 'failed', failure_reason = 'canceled' where id = $1",
      [first.body.data.id],
    )
    expect((await api.find(id)).meta.run_as).toBeUndefined()
    const second = await run(id)
    expect(second.status).toBe(201)
    expect((await api.find(id)).meta.run_as).toBe(second.body.data.id)
    const retried = await api.request(`/subscriptions/imports/${first.body.data.id}/retry`, {
      method: 'POST',
    })
    expectErrors(retried, 409, [{ ...conflict, meta: { id: second.body.data.id } }])
  })

  test('can be run again once that import is undone, which is then the same file no more', async () => {
    const { id } = await api.import(content, { dryRun: true, externalRef: 'june' })
    const first = await api.finished((await run(id)).body.data.id)
    await api.request(`/subscriptions/imports/${first.id}/undo`, { method: 'POST' })
    await expect.poll(async () => (await api.find(first.id)).meta.undo?.status).toBe('success')
    expect((await api.find(id)).meta.run_as).toBeUndefined()
    const { status, body } = await run(id)
    expect(status).toBe(201)
    expect(body.data.meta.same_file_as).toBeUndefined()
    expect((await api.finished(body.data.id)).meta.records.imported).toEqual(first.meta.records.imported)
    expect((await api.find(id)).meta.run_as).toBe(body.data.id)
  })

  test('is run once, however many ask at the same time', async () => {
    const { id } = await api.import(content, { dryRun: true })
    const answers = await Promise.all(Array.from({ length: 5 }, () => run(id)))
    const created = answers.filter(({ status }) => status === 201)
    expect(created).toHaveLength(1)
    for (const { status, body } of answers) {
      if (status !== 201) expect([status, body.errors[0].meta.id]).toEqual([409, created[0]?.body.data.id])
    }
    expect((await api.get('/subscriptions/imports')).body.meta.results.total).toBe(2)
  })

  test('that rejected everything can be run too', async () => {
    const { id } = await api.import(bad, { dryRun: true })
    const { status, body } = await run(id)
    expect(status).toBe(201)
    expect((await api.finished(body.data.id)).meta.failure?.reason).toBe('all_rejected')
  })

  test('is 409 before its end, if it was canceled, and if it was no rehearsal', async () => {
    const owner = await ownerIdOf(service.pool, api)
    const real = await api.import(line)
    expectErrors(await run(real.id), 409, [
      { title: 'Write Conflict', detail: /^Only a rehearsal can be run/, meta: { id: real.id } },
    ])
    const { id } = await api.import(line, { dryRun: true })
    const set = (columns: string) =>
      service.pool.query(`update imports set ${columns} where id = $1 and owner_id = $2`, [id, owner])
    await set("status = 'failed', failure_reason = 'canceled'")
    expectErrors(await run(id), 409, [
      { title: 'Write Conflict', detail: /^The rehearsal did not reach its end/, meta: { id } },
    ])
  })

  test('is 409 if its external_ref is taken by now, and nothing is left', async () => {
    const { id } = await api.import(content, { dryRun: true, externalRef: 'june' })
    const other = await api.import(line, { externalRef: 'june' })
    const before = await service.uploads()
    expectErrors(await run(id), 409, [
      { title: 'Write Conflict', detail: /external_ref/, meta: { id: other.id } },
    ])
    // Other tests upload to the same service: what is new belongs to an import, or is on its way to one.
    await expect
      .poll(async () => {
        const added = (await service.uploads()).filter((name) => !before.includes(name))
        const { rows } = await service.pool.query('select upload_key from imports')
        return added.filter((name) => !rows.some(({ upload_key }) => name.includes(upload_key)))
      })
      .toEqual([])
  })

  test('is 410 once its file has expired', async () => {
    const { id } = await api.import(line, { dryRun: true })
    await service.pool.query('update imports set expired_at = now() where id = $1', [id])
    expectError(await run(id), 410, 'Gone', /^The file of this import expired on \d{4}-\d\d-\d\d/)
  })

  test("of an organization is 403 for its store, and another owner's is 404", async () => {
    const organization = await service.addOrganization()
    const store = await service.addStore(organization.id)
    const { id } = await organization.api.import(line, { dryRun: true })
    const path = `/subscriptions/imports/${id}/run`
    expect((await store.request(path, { method: 'POST' })).status).toBe(403)
    expect((await api.request(path, { method: 'POST' })).status).toBe(404)
  })
})
