import { randomUUID } from 'node:crypto'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { intake, intakeJson } from '../support/cli.js'
import { type ServeProcess, serve, temporaryFolder, testService } from '../support/service.js'

const status = async (api: Api) => (await api.get('/subscriptions/products')).status

async function signIn(url: string, client: { client_id: string; client_secret: string }): Promise<Response> {
  const { client_id, client_secret } = client
  return fetch(new URL('/oauth/access_token', url), {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
  })
}

describe('intake keys', () => {
  const service = testService()
  let environment: Record<string, string>
  beforeAll(async () => {
    environment = { DATABASE_URL: service.databaseUrl }
    await intakeJson(['stores', 'create', 'shop'], environment)
    await intakeJson(['organizations', 'create', 'acme'], environment)
  })

  const run = (...args: string[]) => intake(args, environment)
  const json = (...args: string[]) => intakeJson(args, environment)
  const apiWith = (key: string) => new Api(service.server.url, key)

  test('create makes an API key that works immediately, and shows it once', async () => {
    const { code, stdout } = await run('keys', 'create', '--store', 'shop', '--name', 'warehouse')
    expect(stdout).toMatch(/^The API key "warehouse" of the store "shop" was created\..* not shown again\.\n/)
    const [, key = ''] = /^api_key: (\S+)$/m.exec(stdout) ?? []
    expect(await status(apiWith(key))).toBe(200)
    for (const args of [['--all'], ['--all', '--json']]) {
      const list = await run('keys', 'list', ...args)
      expect(list.stdout).toContain('warehouse')
      expect(list.stdout).not.toContain(key)
    }
    expect(code).toBe(0)
  })

  test('create --client makes an id and a secret that are exchanged for access tokens', async () => {
    const { stdout } = await run('keys', 'create', '--organization', 'acme', '--client', '--name', 'erp')
    expect(stdout).toContain('The client "erp" of the organization "acme" was created.')
    const [, client_id = ''] = /^client_id: (\S+)$/m.exec(stdout) ?? []
    const [, client_secret = ''] = /^client_secret: (\S+)$/m.exec(stdout) ?? []
    const answer = await signIn(service.server.url, { client_id, client_secret })
    const { access_token } = (await answer.json()) as { access_token: string }
    const { meta } = await apiWith(access_token).import(
      '{"data":{"type":"subscription_product","attributes":{"name":"of acme"}}}\n',
    )
    expect(meta.owner).toBe('organization')
  })

  test('list shows all, or those of one owner, as a table and as JSON', async () => {
    const key = await json('keys', 'create', '--store', 'shop')
    const client = await json('keys', 'create', '--organization', 'acme', '--client', '--name', 'mine')
    const entry = {
      status: 'active',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      revoked_at: null,
    }
    const ofShop = { id: key.id, kind: 'api_key', name: key.name, owner: key.owner, ...entry }
    const ofAcme = { id: client.id, kind: 'client', name: 'mine', owner: client.owner, ...entry }
    expect(client.client_id).toBe(client.id)
    expect(key.owner).toEqual({ id: expect.any(String), kind: 'store', name: 'shop' })
    const [all, shops, acmes] = [
      await json('keys', 'list'),
      await json('keys', 'list', '--store', key.owner.id),
      await json('keys', 'list', '--organization', 'acme'),
    ]
    expect(all).toEqual(expect.arrayContaining([ofShop, ofAcme]))
    expect(shops).toContainEqual(ofShop)
    expect(shops).not.toContainEqual(ofAcme)
    expect(acmes).toContainEqual(ofAcme)
    expect(acmes).not.toContainEqual(ofShop)
    const { stdout } = await run('keys', 'list')
    expect(stdout).toMatch(/^id +kind +name +of +status +created \(UTC\)$/m)
    expect(stdout).toMatch(new RegExp(`^${client.id} {2}client +mine +organization acme +active +`, 'm'))
    expect(stdout).toMatch(new RegExp(`^${key.id} {2}API key +key \\w+ +store shop +active +`, 'm'))
  })

  test('revoke locks a key out of the running service within seconds, and frees its name', async () => {
    const make = () => json('keys', 'create', '--store', 'shop', '--name', 'leaked')
    const { id, api_key } = await make()
    expect(await status(apiWith(api_key))).toBe(200)
    expect(await run('keys', 'revoke', id)).toMatchObject({
      code: 0,
      stdout: 'The API key "leaked" was revoked: it stops working within seconds.\n',
    })
    await expect.poll(() => status(apiWith(api_key)), { timeout: 10_000 }).toBe(401)
    const ids = async (...args: string[]) =>
      (await json('keys', 'list', ...args)).map((one: { id: string }) => one.id)
    expect(await ids()).not.toContain(id)
    expect(await ids('--all')).toContain(id)
    const [{ revoked_at }] = (await json('keys', 'list', '--all')).filter(
      (one: { id: string }) => one.id === id,
    )
    expect(await status(apiWith((await make()).api_key))).toBe(200)
    // Revoking it again changes nothing.
    expect((await run('keys', 'revoke', id)).code).toBe(0)
    expect(await json('keys', 'list', '--all')).toContainEqual(
      expect.objectContaining({ id, status: 'revoked', revoked_at }),
    )
  })

  test('revoke locks out a client and its access tokens', async () => {
    const client = await json('keys', 'create', '--store', 'shop', '--client')
    const { access_token } = (await (await signIn(service.server.url, client)).json()) as {
      access_token: string
    }
    expect(await status(apiWith(access_token))).toBe(200)
    expect((await run('keys', 'revoke', client.client_id)).stdout).toContain(
      'it and its access tokens stop working within seconds.',
    )
    await expect.poll(() => status(apiWith(access_token)), { timeout: 10_000 }).toBe(401)
    expect((await signIn(service.server.url, client)).status).toBe(401)
  })

  test.each<[string, string[], string]>([
    ['no owner', ['create'], 'Give the owner of the key: --store or --organization.'],
    ['a store that is not there', ['create', '--store', 'none'], 'There is no store "none".'],
    ['a name of no key', ['revoke', 'warehouse'], 'There is no key with the id "warehouse".'],
    ['an unknown id', ['revoke', randomUUID()], 'There is no key with the id "'],
    ['an empty name', ['create', '--store', 'shop', '--name', ' '], 'A name must have 1 to 100 characters'],
  ])('refuses %s in a sentence, with exit code 1', async (_, args, sentence) => {
    expect(await run('keys', ...args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`intake: ${sentence}`),
    })
  })

  test('refuses a name that another key of the owner has, and accepts it for another owner', async () => {
    const create = (...owner: string[]) => run('keys', 'create', ...owner, '--name', 'taken')
    expect((await create('--store', 'shop')).code).toBe(0)
    expect(await create('--store', 'shop')).toMatchObject({
      code: 1,
      stderr: 'intake: The store "shop" already has a key or client "taken".\n',
    })
    expect((await create('--organization', 'acme')).code).toBe(0)
  })

  test('refuses two owners', async () => {
    const { code, stderr } = await run('keys', 'create', '--store', 'shop', '--organization', 'acme')
    expect(stderr).toContain('cannot be used with option')
    expect(code).toBe(1)
  })
})

describe('intake keys on the embedded database', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let environment: Record<string, string>
  const running: ServeProcess[] = []
  beforeEach(async () => {
    folder = await temporaryFolder()
    // PostgreSQL may run as another user, who has to pass through.
    await chmod(folder.path, 0o711)
    environment = { DATA_DIR: join(folder.path, 'data') }
  })
  afterEach(async () => {
    for (const server of running.splice(0)) if (server.process.exitCode === null) await server.stop()
    await folder.remove()
  })

  const json = (...args: string[]) => intakeJson(args, environment)
  async function start(settings: Record<string, string> = {}): Promise<ServeProcess> {
    const server = await serve({ ...environment, ...settings })
    running.push(server)
    return server
  }

  test('work before the first start, while the service runs, and after it', async () => {
    const made = await intake(['stores', 'create', 'shop'], environment)
    expect(made.stderr).toBe(`There is no database in ${environment.DATA_DIR} yet; creating one.\n`)
    const before = await json('keys', 'create', '--store', 'shop', '--name', 'before')

    const server = await start()
    expect(await status(new Api(server.url, before.api_key))).toBe(200)
    const during = await json('keys', 'create', '--store', 'default', '--name', 'during')
    expect(await status(new Api(server.url, during.api_key))).toBe(200)
    await json('keys', 'revoke', before.id)
    await expect.poll(() => status(new Api(server.url, before.api_key)), { timeout: 10_000 }).toBe(401)
    expect(await server.stop()).toBe(0)

    const names = (await json('keys', 'list')).map(({ name }: { name: string }) => name)
    expect(names).toEqual([expect.stringMatching(/^data directory /), 'during'])
    await expect(readFile(join(environment.DATA_DIR ?? '', 'postgres', 'postmaster.pid'))).rejects.toThrow(
      'ENOENT',
    )
  })

  test('wait for one another', async () => {
    await json('stores', 'create', 'shop')
    const made = await Promise.all(
      [1, 2, 3].map((number) => json('keys', 'create', '--store', 'shop', '--name', `key ${number}`)),
    )
    const server = await start()
    for (const { api_key } of made) expect(await status(new Api(server.url, api_key))).toBe(200)
  })

  test('a folder whose path is too long for a socket has its socket elsewhere', async () => {
    environment.DATA_DIR = join(folder.path, 'long'.repeat(30))
    const server = await start()
    const { api_key } = await json('keys', 'create', '--store', 'default')
    expect(await status(new Api(server.url, api_key))).toBe(200)
  })

  test("the service's own key, revoked, is replaced at the next start", async () => {
    const first = await start()
    const [{ id }] = await json('keys', 'list')
    await json('keys', 'revoke', id)
    await first.stop()
    const second = await start()
    expect(second.apiKey).not.toBe(first.apiKey)
    expect(await status(new Api(second.url, first.apiKey))).toBe(401)
    expect(await status(new Api(second.url, second.apiKey))).toBe(200)
    await second.stop()

    const { code, stderr } = await intake(['serve'], { ...environment, PORT: '0', API_KEY: first.apiKey })
    expect(stderr).toBe('intake: The key in API_KEY was revoked. Set API_KEY to another one, or unset it.\n')
    expect(code).toBe(1)
    // What it stores is unchanged.
    expect((await start()).apiKey).toBe(second.apiKey)
  })
})
