import { Command } from 'commander'
import { validate as isUuid } from 'uuid'
import {
  type Credential,
  type CredentialKind,
  createCredential,
  listCredentials,
  type NewCredential,
  revokeCredential,
} from '../../tenants/keys.js'
import { administer, type CommonFlags, perform, resultOf } from '../database/administer.js'
import { newName } from '../database/names.js'
import { type OwnerFlags, ownerOf, withOwner } from '../database/owner.js'
import { CommandError } from '../terminal/fail.js'
import { type Column, listed } from '../terminal/list.js'
import { PROGRAM } from '../terminal/program.js'
import { printable } from '../terminal/terminal.js'
import { day } from '../terminal/times.js'

const HELP = `
A key belongs to a store or to an organization, given by its id or its name.
It is an API key, which is itself the bearer token, or with --client a client,
whose id and secret are exchanged for access tokens at /oauth/access_token.

A secret is shown once, when it is created; only a hash of it is stored. What
is revoked stops working within seconds, on running services too.
If it is the key that "${PROGRAM} serve" prints, its next start creates another.

Examples:
  $ ${PROGRAM} keys create --store default --name warehouse
  $ ${PROGRAM} keys create --store default --client --json
  $ ${PROGRAM} keys revoke 019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b`

/** `intake keys`: the API keys and clients of stores and organizations. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('list, create and revoke API keys, and clients for access tokens')
    .addCommand(list())
    .addCommand(create())
    .addCommand(revoke())
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} keys --help" for help.`)
}

const kinds: Readonly<Record<CredentialKind, string>> = { api_key: 'API key', client: 'client' }

const columns: readonly Column<Credential>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'kind', value: ({ kind }) => kinds[kind] },
  { title: 'name', wraps: true, value: ({ name }) => name },
  { title: 'of', wraps: true, value: ({ owner }) => `${owner.kind} ${owner.name}` },
  { title: 'status', value: ({ status }) => status },
  { title: 'created (UTC)', mayGo: true, value: ({ created_at }) => day(created_at) },
]

const list = () =>
  withOwner(administer('list', 'show keys and clients, without their secrets'))
    .option('--all', 'include those that are revoked')
    .action((flags: OwnerFlags & { readonly all?: true }) =>
      perform(flags, async (pool) => {
        const owner = await ownerOf(pool, flags)
        const found = await listCredentials(pool, owner?.id, flags.all === true)
        return listed(found, columns, `There are no keys. "${PROGRAM} keys create" creates one.`)
      }),
    )

const create = () =>
  withOwner(administer('create', 'create an API key, or a client, and show its secret'))
    .option('--name <text>', 'a name to know it by, which no other key of its owner has')
    .option('--client', 'a client id and a client secret instead of an API key')
    .action((flags: OwnerFlags & { readonly name?: string; readonly client?: true }) =>
      perform(flags, async (pool) => {
        const name = flags.name === undefined ? undefined : newName(flags.name)
        const owner = await ownerOf(pool, flags)
        if (!owner) throw new CommandError('Give the owner of the key: --store or --organization.')
        const made = await createCredential(pool, owner.id, flags.client ? 'client' : 'api_key', name)
        if (!made) {
          throw new CommandError(`The ${owner.kind} "${owner.name}" already has a key or client "${name}".`)
        }
        const what = `The ${kinds[made.kind]} "${made.name}" of the ${owner.kind} "${owner.name}" was created.`
        return resultOf(
          { id: made.id, kind: made.kind, name: made.name, owner, ...secretsOf(made) },
          `${what} Keep what follows: the secret is not shown again.`,
          ...Object.entries(secretsOf(made)).map(([label, value]) => `${label}: ${value}`),
        )
      }),
    )

/** By the names that requests use. */
const secretsOf = ({ id, kind, secret }: NewCredential): Readonly<Record<string, string>> =>
  kind === 'client' ? { client_id: id, client_secret: secret } : { api_key: secret }

const revoke = () =>
  administer('revoke', 'revoke a key, or a client and its access tokens')
    .argument('<id>', `the id, as "${PROGRAM} keys list" shows it`)
    .action((id: string, flags: CommonFlags) =>
      perform(flags, async (pool) => {
        const revoked = isUuid(id) ? await revokeCredential(pool, id) : undefined
        if (!revoked) {
          throw new CommandError(
            `There is no key with the id "${printable(id)}". "${PROGRAM} keys list" shows all of them.`,
          )
        }
        const { kind, name } = revoked
        const tokens = kind === 'client' ? ' and its access tokens stop' : ' stops'
        return resultOf(
          { id, kind, name, status: 'revoked' },
          `The ${kinds[kind]} "${name}" was revoked: it${tokens} working within seconds.`,
        )
      }),
    )
