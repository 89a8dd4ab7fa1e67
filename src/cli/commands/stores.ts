import { Command } from 'commander'
import { createOwner, listOwners, type Owner, setDisabled } from '../../tenants/stores-and-organizations.js'
import { administer, type CommonFlags, perform, resultOf } from '../database/administer.js'
import { existing, newName } from '../database/names.js'
import { CommandError } from '../terminal/fail.js'
import { type Column, listed } from '../terminal/list.js'
import { commandLine, PROGRAM } from '../terminal/program.js'
import { day } from '../terminal/times.js'

const HELP = `
A store is given by its id or its name.

Examples:
  $ ${PROGRAM} stores create shop --organization acme
  $ ${PROGRAM} keys create --store shop
  $ ${PROGRAM} stores disable shop`

/** `intake stores`: the stores, which own records. */
export function storesCommand(): Command {
  return new Command('stores')
    .description('list, create, disable and enable stores')
    .addCommand(list())
    .addCommand(create())
    .addCommand(disable())
    .addCommand(enable())
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} stores --help" for help.`)
}

const columns: readonly Column<Owner>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'name', wraps: true, value: ({ name }) => name },
  { title: 'organization', wraps: true, value: ({ organization }) => organization?.name ?? '' },
  { title: 'status', value: ({ status }) => status },
  { title: 'created (UTC)', mayGo: true, value: ({ created_at }) => day(created_at) },
]

const list = () =>
  administer('list', 'show all stores').action((flags: CommonFlags) =>
    perform(flags, async (pool) =>
      listed(
        await listOwners(pool, 'store'),
        columns,
        'There are no stores yet. The first start of the service creates one.',
      ),
    ),
  )

const create = () =>
  administer('create', 'create a store')
    .argument('<name>', 'a name that no other store has')
    .option('--organization <id>', 'the organization that it belongs to, by id or name')
    .action((given: string, flags: CommonFlags & { readonly organization?: string }) =>
      perform(
        flags,
        async (pool) => {
          const name = newName(given)
          const organization =
            flags.organization === undefined
              ? undefined
              : await existing(pool, 'organization', flags.organization)
          const id = await createOwner(pool, 'store', name, organization?.id)
          if (id === undefined) throw new CommandError(`There is already a store "${name}".`)
          const of = organization ? ` of the organization "${organization.name}"` : ''
          return resultOf(
            { id, name, organization: organization ?? null },
            `The store "${name}"${of} was created. Its id is ${id}. This creates an API key for it:`,
            `  ${commandLine(flags, 'keys', 'create', '--store', id)}`,
          )
        },
        { mayCreate: true },
      ),
    )

const disable = () =>
  administer('disable', 'disable all credentials of a store until it is enabled again')
    .argument('<store>', 'its id or name')
    .action((store: string, flags: CommonFlags) =>
      perform(flags, async (pool) => {
        const { id, name } = await existing(pool, 'store', store)
        await setDisabled(pool, id, true)
        return resultOf(
          { id, name, status: 'disabled' },
          `The store "${name}" was disabled: its keys, clients and access tokens stop working within seconds. ` +
            'Imports that it has posted continue.',
        )
      }),
    )

const enable = () =>
  administer('enable', 'enable the credentials of a disabled store again')
    .argument('<store>', 'its id or name')
    .action((store: string, flags: CommonFlags) =>
      perform(flags, async (pool) => {
        const { id, name } = await existing(pool, 'store', store)
        await setDisabled(pool, id, false)
        return resultOf(
          { id, name, status: 'active' },
          `The store "${name}" was enabled. Its keys and clients work again, except those that are revoked.`,
        )
      }),
    )
