import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { hasSwift } from '../support/swift.js'
import { expectToWorkTogether, startSurroundings, statusOf } from './over-s3.js'
import { folder, imageEnvironment, imageOf, readYaml, UNDERSTOOD } from './settings.js'

const [compose] = await readYaml('compose.yaml')
const { services } = compose
const image = await imageEnvironment()

/** As Compose does: `${NAME:?}` from `deploy/.env`, and `$$` for `$`. */
const withSecrets = (text: string): string => text.replace(/\$\{\w+:\?\}/g, 'secret').replaceAll('$$', '$')

const containers = ['api', 'worker'].map((name) => ({
  name,
  command: services[name].command as string[],
  environment: { ...image, ...services[name].environment } as Record<string, string>,
}))

describe('The compose file', () => {
  test.each(containers)('sets only variables that the $name understands', ({ environment }) => {
    const { PATH: _path, npm_config_prefix: _prefix, ...ours } = environment
    expect(Object.keys(ours).filter((name) => !UNDERSTOOD.includes(name))).toEqual([])
  })

  test('contains no secret', () => {
    const secrets = Object.values<{ environment?: Record<string, string> }>(services)
      .flatMap(({ environment }) => Object.entries(environment ?? {}))
      .filter(([name]) => /PASSWORD|SECRET|API_KEY/.test(name))
    expect(secrets).toHaveLength(8)
    for (const [, value] of secrets) expect(value).toMatch(/^\$\{\w+:\?\}$/)
  })

  test('publishes the port of the image, to this machine only', async () => {
    const exposed = (await imageOf()).find(({ name }) => name === 'EXPOSE')?.value
    expect([exposed, image.PORT, image.HOST]).toEqual(['8080', '8080', '0.0.0.0'])
    expect(services.api.ports).toEqual(['127.0.0.1:8080:8080'])
  })

  test('lets its processes find PostgreSQL and the S3 server', () => {
    const [{ environment }] = containers as [(typeof containers)[0]]
    const { postgres, s3, bucket } = services
    const url = new URL(withSecrets(String(environment.DATABASE_URL)))
    expect([url.hostname, url.username, url.password, url.pathname]).toEqual([
      'postgres',
      postgres.environment.POSTGRES_USER,
      withSecrets(postgres.environment.POSTGRES_PASSWORD),
      `/${postgres.environment.POSTGRES_DB}`,
    ])
    const { VGW_PORT, VGW_REGION, ROOT_ACCESS_KEY, ROOT_SECRET_KEY } = s3.environment
    expect(environment).toMatchObject({
      AWS_ENDPOINT_URL_S3: `http://s3${VGW_PORT}`,
      AWS_REGION: VGW_REGION,
      AWS_ACCESS_KEY_ID: ROOT_ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: ROOT_SECRET_KEY,
    })
    expect(bucket.environment).toEqual(services.api.environment)
  })

  test('sets what PostgreSQL has', async () => {
    const client = new pg.Client(inject('directUrl'))
    await client.connect()
    const given = (services.postgres.command as string[]).filter((part) => part.includes('='))
    const names = given.map((setting) => setting.replace(/=.*/, ''))
    const { rows } = await client.query('select name from pg_settings where name = any($1)', [names])
    await client.end()
    expect(rows).toHaveLength(3)
    expect(names).toHaveLength(3)
  })

  test('pins every image of others', () => {
    const images = Object.values<{ image: string }>(services).map((service) => service.image)
    for (const name of images.filter((each) => each !== 'intake')) expect(name).toMatch(/:v?\d+\.\d+/)
  })

  describe.skipIf(!hasSwift)('with an S3 server', () => {
    let surroundings: Awaited<ReturnType<typeof startSurroundings>>
    beforeAll(async () => {
      surroundings = await startSurroundings()
    })
    afterAll(() => surroundings.stop())

    test('creates the bucket, once; then its processes are ready and work together', async () => {
      const { elsewhere } = surroundings
      const { command, environment, working_dir } = services.bucket
      const prefix = (await imageOf()).find(({ value }) => value.startsWith('npm_config_prefix='))?.value
      expect(`npm_config_prefix=${working_dir}`).toBe(`${prefix}/lib/node_modules/intake`)
      for (let time = 0; time < 2; time += 1) {
        await promisify(execFile)(command[0], command.slice(1), {
          cwd: join(folder, '..'),
          env: { PATH: process.env.PATH, ...environment, ...elsewhere },
        })
      }
      const [api = '', worker = ''] = await Promise.all(containers.map((each) => surroundings.start(each)))
      for (const url of [api, worker]) {
        expect(await statusOf(url, '/healthz')).toBe(200)
        await expect.poll(() => statusOf(url, '/readyz')).toBe(200)
      }
      await expectToWorkTogether(api, String(elsewhere.API_KEY))
    })
  })
})
