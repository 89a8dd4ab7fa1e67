import { Command } from 'commander'
import { createOwner, listOwners } from '../../tenants/stores-and-organizations.js'
import { administer, type CommonFlags, perform, resultOf } from '../database/administer.js'
import { newName } from '../database/names.js'
import { CommandError } from '../terminal/fail.js'
import { listed } from '../terminal/list.js'
import { commandLine, PROGRAM } from '../terminal/program.js'
import { day } from '../terminal/times.js'

/** `intake organizations`: the organizations that stores belong to. */
export function organizationsCommand(): Command {
  return new Command('organizations')
    .description('list and create organizations, whose records their stores can see')
    .addCommand(list())
    .addCommand(create())
    .showHelpAfterError(`Run "${PROGRAM} organizations --help" for help.`)
}

const list = () =>
  administer('list', 'show all organizations').action((flags: CommonFlags) =>
    perform(flags, async (pool) => {
      const organizations = await listOwners(pool, 'organization')
      return listed(
        organizations.map(({ id, name, created_at }) => ({ id, name, created_at })),
        [
          { title: 'id', value: ({ id }) => id },
          { title: 'name', wraps: true, value: ({ name }) => name },
          { title: 'created (UTC)', mayGo: true, value: ({ created_at }) => day(created_at) },
        ],
        `There are no organizations yet. "${PROGRAM} organizations create" creates one.`,
      )
    }),
  )

const create = () =>
  administer('create', 'create an organization')
    .argument('<name>', 'a name that no other organization has')
    .action((given: string, flags: CommonFlags) =>
      perform(
        flags,
        async (pool) => {
          const name = newName(given)
          const id = await createOwner(pool, 'organization', name)
          if (id === undefined) throw new CommandError(`There is already an organization "${name}".`)
          return resultOf(
            { id, name },
            `The organization "${name}" was created. Its id is ${id}. This creates a store in it:`,
            `  ${commandLine(flags, 'stores', 'create', 'NAME', '--organization', id)}`,
          )
        },
        { mayCreate: true },
      ),
    )
