import { randomUUID } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Finding } from '../../src/doctor/finding.js'
import { removeStrayUploads } from '../../src/imports/receive/stray-uploads.js'
import { defaultStore } from '../../src/tenants/owners.js'
import { openS3Store } from '../../src/uploads/s3.js'
import { aProduct, file } from '../support/builders.js'
import { intake } from '../support/cli.js'
import { apiOf, overS3 } from '../support/over-s3.js'
import { insertImport, ownerIdOf } from '../support/rows.js'
import { hasSwift } from '../support/swift.js'

describe.runIf(hasSwift)('A service that moves its uploads to S3', () => {
  const { service, uploads, another } = overS3()

  test('stores files there, and other processes read them', async () => {
    const { id } = await service.api.import(file(aProduct(), 'garbage'))
    expect((await uploads.files()).whole).toEqual([id])
    expect(await readdir(service.dataDir)).not.toContain('uploads')
    const other = await another()
    const rejected = await apiOf(other).get(`/subscriptions/imports/${id}/rejected`)
    expect(rejected.body).toBe('garbage\n')
    await other.stop()
  })

  test('reads those in its folder as before, runs their rehearsals, and needs the folder no more without them', async () => {
    await service.restart({ UPLOAD_STORE: '' })
    const old = await service.api.import(file(aProduct(), 'garbage'), { dryRun: true })
    await service.restart()
    const rejected = await service.api.get(`/subscriptions/imports/${old.id}/rejected`)
    expect(rejected.body).toBe('garbage\n')
    const run = await service.api.request(`/subscriptions/imports/${old.id}/run`, { method: 'POST' })
    expect((await service.api.finished(run.body.data.id)).meta.records.imported.subscription_product).toBe(1)
    const { body } = await service.api.get('/metrics')
    expect(body).toContain('intake_upload_store_up{store="folder"} 1')
    expect(body).toContain('intake_upload_store_up{store="s3"} 1')
    await service.server.stop()
    for (const name of ['uploads', 'uploads-marked']) {
      await rm(join(service.dataDir, name), { recursive: true })
    }
    await service.restart()
    expect((await service.api.get('/readyz')).status).toBe(200)
    expect((await service.api.get('/metrics')).body).not.toContain('store="folder"')
  })

  test('waits at the start for credentials that are right, and says so', async () => {
    await service.restart({ AWS_SECRET_ACCESS_KEY: 'wrong' })
    expect((await service.api.get('/readyz')).status).toBe(503)
    expect(service.server.stderr()).toMatch(
      /does not accept the credentials[^\n]*the uploads are away; waiting/,
    )
    await service.restart()
    expect((await service.api.get('/readyz')).status).toBe(200)
  })

  const examine = async (changed = {}) => {
    const settings = { DATA_DIR: service.dataDir, DATABASE_URL: service.databaseUrl, ...uploads.environment }
    const { code, stdout } = await intake(['doctor', '--json'], { ...settings, ...changed })
    const findings: Finding[] = JSON.parse(stdout)
    return { code, of: (name: string) => findings.find(({ check }) => check === name) }
  }

  test('has its bucket examined before its first start, and while the database is away', async () => {
    const first = await examine({
      DATA_DIR: join(service.dataDir, 'nowhere'),
      AWS_SECRET_ACCESS_KEY: 'wrong',
    })
    expect(first.of('S3')?.found).toMatch(/does not accept the credentials/)
    const away = await examine({ DATABASE_URL: 'postgresql://x@127.0.0.1:9/x' })
    expect(away.of('S3')?.status).toBe('ok')
  })

  test('is examined by the doctor: the bucket, missing files, and what no import names', async () => {
    const { UPLOAD_STORE } = uploads.environment
    const healthy = await examine()
    expect(healthy.of('S3')?.status).toBe('ok')
    expect(healthy.of('stray files in S3')?.status).toBe('ok')
    const wrong = await examine({ AWS_SECRET_ACCESS_KEY: 'wrong' })
    expect(wrong.of('S3')?.found).toMatch(/does not accept the credentials/)
    expect(wrong.code).toBe(1)
    const owner = await ownerIdOf(service.pool, service.api)
    // A worker would find that the file is missing, and end the import.
    await service.server.stop()
    const id = randomUUID()
    await insertImport(service.pool, owner, { id, status: 'started', upload_store: UPLOAD_STORE })
    expect((await examine()).of('files in S3')).toMatchObject({ status: 'problem' })
    expect((await examine({ UPLOAD_STORE: '' })).of('other upload stores')).toMatchObject({
      status: 'warning',
    })
    await service.pool.query('delete from imports where id = $1', [id])
    await service.restart()
  })

  test('deletes what no import names once it is old enough, and leaves the rest', async () => {
    const [named, stray] = [
      await service.api.import(file(aProduct())),
      await service.api.import(file(aProduct())),
    ]
    await service.pool.query('delete from imports where id = $1', [stray.id])
    Object.assign(process.env, uploads.swift.env)
    const url = uploads.environment.UPLOAD_STORE ?? ''
    const { pool } = service
    const store = openS3Store({ url, identity: () => defaultStore(pool), emit: () => {} })
    expect(await removeStrayUploads(pool, store, new Date(Date.now() - 60_000))).toBe(0)
    expect(await removeStrayUploads(pool, store, new Date(Date.now() + 60_000))).toBe(1)
    const { whole } = await uploads.files()
    expect(whole).toContain(named.id)
    expect(whole).not.toContain(stray.id)
  })
})
