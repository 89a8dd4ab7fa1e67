import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { aProduct, file } from '../support/builders.js'
import { intake, intakeJson } from '../support/cli.js'
import { type Receiver, startReceiver, withStatus } from '../support/receiver.js'
import { testService } from '../support/service.js'

const service = testService({ ALLOW_PRIVATE_WEBHOOKS: 'true' })
let receiver: Receiver
let environment: Record<string, string>
beforeAll(async () => {
  receiver = await startReceiver()
  environment = { DATABASE_URL: service.databaseUrl }
  await intakeJson(['stores', 'create', 'shop'], environment)
  await intakeJson(['organizations', 'create', 'acme'], environment)
})
afterAll(async () => {
  await receiver.stop()
})

const run = (...args: string[]) => intake(['webhooks', ...args], environment)
const json = (...args: string[]) => intakeJson(['webhooks', ...args], environment)

test('add takes a URL for the default store, or another owner, and shows the secret once', async () => {
  const { code, stdout } = await run('add', 'https://shop.example/hooks?of=imports#top')
  expect(stdout).toMatch(
    /^The webhook \S+ was added: https:\/\/shop\.example\/hooks\?of=imports is notified when an import of the store "default" ends\. Keep what follows: the secret is not shown again\.\n\nsecret: whsec_[A-Za-z0-9+/]{43}=\n$/,
  )
  expect(code).toBe(0)
  const ofAcme = await json('add', 'https://acme.example/', '--organization', 'acme')
  expect(ofAcme).toEqual({
    id: expect.any(String),
    url: 'https://acme.example/',
    owner: { id: expect.any(String), kind: 'organization', name: 'acme' },
    secret: expect.stringMatching(/^whsec_/),
    warnings: [],
  })
  const { id, url, owner } = ofAcme
  expect(await json('list', '--organization', 'acme')).toEqual([
    { id, url, owner, created_at: expect.stringMatching(/Z$/) },
  ])
  const list = await run('list')
  expect(list.stdout).toMatch(/^id +url +of +added \(UTC\)$/m)
  expect(list.stdout).toContain('https://shop.example/hooks?of=imports')
  expect(list.stdout).not.toContain('whsec_')
})

test.each<[string, RegExp[]]>([
  ['http://shop.example/', [/^Over http, /]],
  ['http://127.0.0.1/', [/^Over http, /, /^This is a private address: .* ALLOW_PRIVATE_WEBHOOKS=true\.$/]],
  ['https://localhost/', [/^This is a private address: /]],
])('add warns about %s', async (url, expected) => {
  const { warnings } = await json('add', url, '--store', 'shop')
  expect(warnings).toEqual(expected.map((one) => expect.stringMatching(one)))
})

test.each<[string, string[], string]>([
  ['what is no URL', ['add', 'shop.example'], 'The URL of a webhook must be whole, such as https://'],
  ['another scheme', ['add', 'ftp://shop.example/'], 'The URL of a webhook must be whole, such as https://'],
  [
    'a password',
    ['add', 'https://me:secret@shop.example/'],
    'The URL of a webhook must not have a user name',
  ],
  [
    'a long URL',
    ['add', `https://shop.example/${'x'.repeat(2048)}`],
    'The URL of a webhook must have at most 2048 characters',
  ],
  ['an unknown store', ['add', 'https://shop.example/', '--store', 'none'], 'There is no store "none".'],
  ['to remove what is not there', ['remove', randomUUID()], 'There is no webhook with the id "'],
  ['to test what is not there', ['test', 'nothing'], 'There is no webhook with the id "nothing".'],
  [
    'deliveries of no webhook',
    ['deliveries', '--webhook', 'none'],
    'There is no webhook with the id "none".',
  ],
  ['a limit of none', ['deliveries', '--limit', '0'], '--limit takes a whole number from 1 to 10000.'],
])('refuses %s in a sentence, with exit code 1', async (_, args, sentence) => {
  expect(await run(...args)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(`intake: ${sentence}`),
  })
})

test('from add to remove: test, deliveries by webhook and status, and nothing left', async () => {
  const [{ id: storeId }] = (await intakeJson(['stores', 'list'], environment)).filter(
    (one: { name: string }) => one.name === 'shop',
  )
  const { api_key } = await intakeJson(['keys', 'create', '--store', storeId], environment)
  const { id } = await json('add', receiver.url, '--store', 'shop')
  expect((await run('test', id)).stdout).toContain(`  npx intake webhooks deliveries --webhook ${id}\n`)
  await expect.poll(() => receiver.messages.length, { timeout: 20_000 }).toBe(1)
  receiver.answer = withStatus(503)
  const api = new Api(service.server.url, api_key)
  const one = await api.import(file(aProduct()))
  await expect
    .poll(() => json('deliveries', '--webhook', id), { timeout: 20_000 })
    .toEqual([
      expect.objectContaining({
        import_id: one.id,
        status: 'waiting',
        last_answer: '503 Service Unavailable',
      }),
      expect.objectContaining({ import_id: null, status: 'delivered', last_answer: '204 No Content' }),
    ])
  expect(await json('deliveries', '--webhook', id, '--status', 'delivered')).toHaveLength(1)
  expect(await json('deliveries', '--webhook', id, '--limit', '1')).toHaveLength(1)
  expect(await json('deliveries', '--organization', 'acme')).toEqual([])
  const { stdout } = await run('deliveries', '--webhook', id)
  expect(stdout).toMatch(/^created \(UTC\) +import +status +attempts +last answer +next \(UTC\) +webhook$/m)
  expect(stdout).toMatch(
    new RegExp(`${one.id} {2}waiting +\\d+ +503 Service Unavailable +\\S+ \\S+ +${id}$`, 'm'),
  )
  expect((await run('remove', id)).stdout).toContain(
    `The webhook ${id} was removed: ${receiver.url} is no longer notified.`,
  )
  expect(await json('deliveries', '--webhook', id)).toEqual([])
  expect((await run('deliveries', '--webhook', id)).stdout).toBe('There are no such deliveries.\n')
})
