import { writeFile } from 'node:fs/promises'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { intake } from '../../support/cli.js'
import { createRoleWithDatabase, type RoleWithDatabase } from '../../support/roles.js'
import { administer, createEmptyDatabase, serve, temporaryFolder } from '../../support/service.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const places = (databaseUrl: string) => ({
  DATA_DIR: join(folder.path, 'data'),
  DATABASE_URL: databaseUrl,
})

/** The output of a failing start: one line, as for every start that fails. */
async function refusal(databaseUrl: string): Promise<string> {
  const { code, stdout, stderr } = await intake(['serve', '--port', '0'], places(databaseUrl))
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^intake: [^\n]+\n$/)
  return stderr
}

interface Obstacle {
  /** Of `create database`. */
  readonly options?: string
  /** Statements that create the obstacle in the database; `ROLE` is its owner. */
  readonly statements: readonly string[]
  /** The doctor's check that finds it. */
  readonly check: string
  readonly says: RegExp
  /** The remedy in the sentence, if a test can apply it. */
  readonly remedy?: RegExp
}

const OBSTACLES: Readonly<Record<string, Obstacle>> = {
  'an encoding other than UTF-8': {
    options: "encoding 'LATIN1' locale 'C' template template0",
    statements: [],
    check: 'encoding',
    says: /has the encoding LATIN1.* encoding 'UTF8' template template0;$/,
  },
  'a role that may create no tables': {
    statements: [
      'alter schema public owner to current_user',
      'revoke all on schema public from public',
      'grant usage on schema public to ROLE',
    ],
    check: 'schema',
    says: /may not create tables in the schema public\./,
    remedy: /grant create on schema public to \w+;/,
  },
  'a role that may create no temporary tables': {
    statements: [
      'alter database ROLE owner to current_user',
      'revoke temporary on database ROLE from public',
      'grant create on schema public to ROLE',
    ],
    check: 'schema',
    says: /may not create temporary tables/,
    remedy: /grant temporary on database \w+ to \w+;/,
  },
  'an empty search_path': {
    statements: ["alter role ROLE set search_path to ''"],
    check: 'schema',
    says: /The search_path of the role \w+ is empty/,
    remedy:
      /create schema intake authorization \w+; alter role \w+ in database \w+ set search_path to intake;/,
  },
  'a search_path to nowhere': {
    statements: ['alter role ROLE set search_path to nowhere'],
    check: 'schema',
    says: /\(nowhere\) names no existing schema/,
    remedy:
      /create schema intake authorization \w+; alter role \w+ in database \w+ set search_path to intake;/,
  },
  'a table of another program by the name of one of ours': {
    statements: ['create table products (sku text)', 'create view plans as select 1 as one'],
    check: 'schema',
    says: /with the name of a table or index of intake: "plans", "products"\./,
    remedy:
      /create schema intake authorization \w+; alter role \w+ in database \w+ set search_path to intake;/,
  },
  'too few connections of the role': {
    statements: ['alter role ROLE connection limit 5'],
    check: 'connections',
    says: /needs up to \d+ connections at once, and the role \w+ allows 5\./,
    remedy: /alter role \w+ connection limit \d+;/,
  },
  'too few connections of the database': {
    statements: ['alter database ROLE connection limit 5'],
    check: 'connections',
    says: /needs up to \d+ connections at once, and the database \w+ allows 5\./,
    remedy: /alter database \w+ connection limit \d+;/,
  },
}

const inDatabase = ({ name, administer }: RoleWithDatabase, statements: readonly string[]) =>
  administer(...statements.map((statement) => statement.replaceAll('ROLE', name)))

test.each(Object.entries(OBSTACLES))(
  '%s is one line at the start and a finding of the doctor, with a remedy that works',
  async (_what, { options, statements, check, says, remedy }) => {
    const database = await createRoleWithDatabase(options)
    await inDatabase(database, statements)
    const said = await refusal(database.databaseUrl)
    expect(said.trim()).toMatch(says)
    const { code, stdout, stderr } = await intake(['doctor', '--json'], places(database.databaseUrl))
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    const problems = JSON.parse(stdout).filter(({ status }: { status: string }) => status === 'problem')
    expect(problems).toMatchObject([{ check }])
    expect(said).toBe(`intake: ${problems[0].found} ${problems[0].remedy}\n`)
    if (remedy) {
      const [statement] = remedy.exec(said) ?? []
      await database.administer(...(statement ?? '').split(';').filter((one) => one.trim() !== ''))
      await (await serve(places(database.databaseUrl))).stop()
    }
    await database.drop()
  },
)

test('another program’s table of migrations is not an obstacle, and stays as it is', async () => {
  const database = await createRoleWithDatabase()
  await inDatabase(database, [
    'create table migrations (id serial primary key, migration text, batch integer)',
    "insert into migrations (migration, batch) values ('0001_initial', 1)",
  ])
  await (await serve(places(database.databaseUrl))).stop()
  await database.administer('select 1 / count(*) from migrations', 'select from intake_migrations')
  await database.drop()
})

test('missing rights on somebody else’s tables are reported, by the doctor too', async () => {
  // On the server itself: a pooler does not know a role that is so new.
  const { name, databaseUrl, drop } = await createEmptyDatabase(inject('directUrl'))
  await (await serve(places(databaseUrl))).stop()
  const reader = `reader_${name}`
  await administer(`create role ${reader} login password 'x'`)
  await administer(`grant select on all tables in schema public to ${reader}`, databaseUrl)
  const url = new URL(databaseUrl)
  url.username = reader
  url.password = 'x'
  expect(await refusal(url.href)).toMatch(
    /may not read and write these tables in the schema public: access_tokens,/,
  )
  const { code, stdout } = await intake(['doctor'], places(url.href))
  expect(code).toBe(1)
  expect(stdout).toMatch(/^schema +problem /m)
  await drop()
  await administer(`drop role ${reader}`)
})

test('a standby is one line at the start, and a finding of the doctor', async () => {
  const embedded = { DATA_DIR: join(folder.path, 'data') }
  await (await serve(embedded)).stop()
  await writeFile(join(folder.path, 'data', 'postgres', 'standby.signal'), '')
  const { code, stderr } = await intake(['serve', '--port', '0'], embedded)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^intake: The server is a standby \(PostgreSQL [^\n]+ Promote it, [^\n]+\n$/)
  const { stdout } = await intake(['doctor'], embedded)
  expect(stdout).toMatch(/^database +problem +The server is a standby/m)
})

test('a URL that cannot be used is one line', async () => {
  const { databaseUrl, drop } = await createEmptyDatabase()
  const url = new URL(databaseUrl)
  url.searchParams.set('sslrootcert', '/nowhere/ca.pem')
  expect(await refusal(url.href)).toContain('names the file /nowhere/ca.pem, which cannot be read (ENOENT)')
  expect(await refusal('postgresql://user:pass%word@localhost:99999999/x')).toContain('cannot be read')
  await drop()
})

test('a certificate of a private authority is reported with the setting to use, and nothing else is written', async () => {
  // A server only for TLS: it accepts the request for it (PostgreSQL's documentation, "SSL Session
  // Encryption").
  const server = createTcpServer((socket) => {
    socket.once('data', () => {
      socket.write('S')
      new TLSSocket(socket, { isServer: true, key: KEY, cert: CERTIFICATE }).on('error', () => {})
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  for (const mode of ['require', 'prefer', 'verify-ca', 'verify-full']) {
    const said = await refusal(`postgresql://x@127.0.0.1:${port}/x?sslmode=${mode}`)
    expect(said).toMatch(/sslrootcert=\/path\/to\/ca\.pem in DATABASE_URL, .* NODE_EXTRA_CA_CERTS\.$/m)
  }
  server.close()
})

/** A self-signed certificate for 127.0.0.1, valid for a hundred years, and its key. They protect nothing. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBjzCCATagAwIBAgIUR8HCRLz5IDRvzo4W4wKAkraEAJwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNjAwNTUxMFoYDzIxMjYxMTAy
MDA1NTEwWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASW/RWR99hsbpeuu93Jgscen1+9z2AB6UA5V67MjzTkYZ+zpnWVIhXK
v/mrkfMu+lwUFy5esx/vE6hmqE1i/DQDo2QwYjAdBgNVHQ4EFgQUWKgNyfbRGafe
EFlQw9J50RWuQdYwHwYDVR0jBBgwFoAUWKgNyfbRGafeEFlQw9J50RWuQdYwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0cAMEQC
IFH5skINrEATEe/RBQEuPSG1qvKchZzvKxF6+OFrGcjDAiB3YqnsiMYEOx72v6u+
HO9/zij4OvO2jyYf6SdJ/7OcSQ==
-----END CERTIFICATE-----`
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/FHBfRDWI/zmhax5
6ZRwpzSFGHC4vk8/T+KNKwZqeBehRANCAASW/RWR99hsbpeuu93Jgscen1+9z2AB
6UA5V67MjzTkYZ+zpnWVIhXKv/mrkfMu+lwUFy5esx/vE6hmqE1i/DQD
-----END PRIVATE KEY-----`
