import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { intake, intakeJson } from '../support/cli.js'
import { testService } from '../support/service.js'

const service = testService()
let environment: Record<string, string>
beforeAll(async () => {
  environment = { DATABASE_URL: service.databaseUrl }
})

const run = (...args: string[]) => intake(args, environment)
const json = (...args: string[]) => intakeJson(args, environment)
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A store's API, with a key created by the command line. */
async function apiOf(owner: '--store' | '--organization', idOrName: string): Promise<Api> {
  return new Api(service.server.url, (await json('keys', 'create', owner, idOrName)).api_key)
}

describe('intake stores and intake organizations', () => {
  test('create what they then list', async () => {
    const organization = await json('organizations', 'create', 'acme')
    expect(organization).toEqual({ id: expect.stringMatching(UUID), name: 'acme' })
    const store = await json('stores', 'create', 'shop', '--organization', 'acme')
    expect(store).toEqual({ id: expect.stringMatching(UUID), name: 'shop', organization })
    const created_at = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)
    expect(await json('organizations', 'list')).toEqual([{ ...organization, created_at }])
    expect(await json('stores', 'list')).toEqual([
      { id: expect.anything(), name: 'default', organization: null, status: 'active', created_at },
      { ...store, status: 'active', created_at },
    ])
  })

  test('tell people in sentences and tables', async () => {
    const made = await run('organizations', 'create', 'Bäckerei "Korn"')
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(made.stdout).toMatch(/^The organization "Bäckerei "Korn"" was created\. Its id is [0-9a-f-]{36}\./)
    const { stdout } = await run('stores', 'create', 'corner', '--organization', 'Bäckerei "Korn"')
    const [, id = ''] = /\n {2}npx intake keys create --store (\S+)\n$/.exec(stdout) ?? []
    expect((await run('stores', 'list')).stdout.split('\n')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^id +name +organization +status +created \(UTC\)$/),
        expect.stringMatching(new RegExp(`^${id} {2}corner +Bäckerei "Korn" +active +\\d{4}-\\d\\d-\\d\\d$`)),
      ]),
    )
    expect((await run('organizations', 'list')).stdout).toContain('Bäckerei "Korn"')
  })

  test("a store sees its organization's records and not another's", async () => {
    const organization = await json('organizations', 'create', 'parent')
    const own = await json('stores', 'create', 'child', '--organization', organization.id)
    const other = await json('stores', 'create', 'stranger')
    const api = await apiOf('--organization', 'parent')
    await api.import('{"data":{"type":"subscription_product","attributes":{"name":"shared"}}}\n')
    const owners = async (id: string) =>
      (await (await apiOf('--store', id)).get('/subscriptions/products')).body.data.map(
        ({ meta }: { meta: { owner: string } }) => meta.owner,
      )
    expect(await owners(own.id)).toEqual(['organization'])
    expect(await owners(other.id)).toEqual([])
  })

  test('a disabled store is locked out within seconds, until it is enabled', async () => {
    const { id } = await json('stores', 'create', 'closing')
    const api = await apiOf('--store', 'closing')
    const { client_id, client_secret } = await json('keys', 'create', '--store', id, '--client')
    const signIn = () =>
      fetch(new URL('/oauth/access_token', service.server.url), {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
      })
    const { access_token } = (await (await signIn()).json()) as { access_token: string }
    const statuses = () =>
      Promise.all(
        [api, new Api(api.url, access_token)].map(
          async (one) => (await one.get('/subscriptions/products')).status,
        ),
      )
    expect(await statuses()).toEqual([200, 200])

    const disabled = await run('stores', 'disable', 'closing')
    expect(disabled.stdout).toMatch(/^The store "closing" was disabled:/)
    await expect.poll(statuses, { timeout: 10_000 }).toEqual([401, 401])
    expect((await signIn()).status).toBe(401)
    const status = async (list: string) =>
      (await json(list, 'list')).find(
        (one: { id: string; owner?: { id: string } }) => (one.owner ?? one).id === id,
      ).status
    expect([await status('stores'), await status('keys')]).toEqual(['disabled', 'disabled'])

    expect(await json('stores', 'disable', id)).toEqual({ id, name: 'closing', status: 'disabled' })
    expect(await json('stores', 'enable', id)).toEqual({ id, name: 'closing', status: 'active' })
    await expect.poll(statuses, { timeout: 10_000 }).toEqual([200, 200])
    expect((await signIn()).status).toBe(200)
  })

  test.each<[string, string[], string]>([
    ['a name twice', ['stores', 'create', 'default'], 'There is already a store "default".'],
    [
      'an organization that is not there',
      ['stores', 'create', 'new', '--organization', 'nobody'],
      'There is no organization "nobody". "npx intake organizations list" shows all of them.',
    ],
    [
      'a store for an organization',
      ['stores', 'create', 'new', '--organization', 'default'],
      'There is no organization "default". "npx intake organizations list" shows all of them.',
    ],
    [
      'a store that is not there',
      ['stores', 'disable', randomUUID().replace(/^.{8}/, '00000000')],
      'There is no store "00000000-',
    ],
    [
      'an empty name',
      ['stores', 'create', ''],
      'A name must have 1 to 100 characters, no control characters, and no space at either end.',
    ],
    ['a name with a line break', ['organizations', 'create', 'a\nb'], 'A name must have 1 to 100 characters'],
    ['a name that looks like an id', ['stores', 'create', randomUUID()], 'A name must not look like an id.'],
  ])('refuse %s in a sentence, with exit code 1', async (_, args, sentence) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toContain(`intake: ${sentence}`)
    expect(stderr.trimEnd()).not.toContain('\n')
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })

  test('of two with the same name created at once, one is created', async () => {
    const outcomes = await Promise.all([1, 2].map(() => run('stores', 'create', 'contested')))
    expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 1])
  })

  test('exit 1 with the help for what they do not know', async () => {
    expect(await run('stores', 'remove')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("unknown command 'remove'"),
    })
  })
})

describe('without a database', () => {
  test('a list in a folder without one says so, and creates nothing', async () => {
    const folder = join(service.dataDir, 'none')
    const { code, stderr } = await intake(['stores', 'list'], { DATA_DIR: folder })
    expect(stderr).toContain(`There is no database in ${folder}.`)
    expect(existsSync(folder)).toBe(false)
    expect(code).toBe(1)
  })

  test.each(['postgresql://somebody@127.0.0.1:1/none', 'postgresql://somebody@localhost:1/none'])(
    'a server that cannot be reached is a sentence: %s',
    async (DATABASE_URL) => {
      const { code, stderr } = await intake(['stores', 'list'], { DATABASE_URL })
      expect(stderr).toMatch(/^intake: The database of DATABASE_URL cannot be reached: .*ECONNREFUSED.*\.\n$/)
      expect(code).toBe(1)
    },
  )

  test('a missing database is one too', async () => {
    const url = new URL(service.databaseUrl)
    url.pathname = '/not_there'
    const { code, stderr } = await intake(['stores', 'list', '--database-url', url.href])
    expect(stderr).toMatch(/^intake: The database of DATABASE_URL cannot be reached: .*not_there.*\n$/)
    expect(code).toBe(1)
  })
})
