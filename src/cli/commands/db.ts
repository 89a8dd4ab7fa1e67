import { Command, InvalidArgumentError } from 'commander'
import { type Distribution, distributeDatabase } from '../../db/distribute/distribute-database.js'
import { DEFAULT_SHARDS } from '../../db/distribute/tables.js'
import { counted, number } from '../../text/numbers.js'
import { wholeNumber } from '../client/server-command.js'
import { administer, type CommonFlags, perform, type Result } from '../database/administer.js'
import { type Column, listed } from '../terminal/list.js'
import { PROGRAM } from '../terminal/program.js'
import { wrap } from '../terminal/terminal.js'

/** `intake db`: work on the database as a whole. */
export function dbCommand(): Command {
  return new Command('db')
    .description('distribute the database over several nodes')
    .addCommand(distribute())
    .showHelpAfterError(`Run "${PROGRAM} db --help" for help.`)
}

const HELP = `
The database of DATABASE_URL must be that of a Citus coordinator; see
docs/operations/citus.md. Stop all services first. A run that was interrupted is
continued by the next one, and a run that finds everything done changes nothing.

Examples:
  $ ${PROGRAM} db distribute
  $ ${PROGRAM} db distribute --shards 64`

const MOST_SHARDS = 1024

/** @throws InvalidArgumentError */
function shardCount(text: string): number {
  const shards = wholeNumber(text)
  if (shards < 1 || shards > MOST_SHARDS) throw new InvalidArgumentError(`It takes 1 to ${MOST_SHARDS}.`)
  return shards
}

const distribute = () =>
  administer('distribute', 'distribute records and reports over the nodes of a Citus cluster, by owner')
    .option(
      '--shards <number>',
      `shards of each table: ${DEFAULT_SHARDS} suit up to 16 workers, 64 more (default: ${DEFAULT_SHARDS})`,
      shardCount,
    )
    .addHelpText('after', HELP)
    .action((flags: CommonFlags & { readonly shards?: number }) =>
      perform(
        flags,
        async (pool, signal) =>
          resultOf(
            await distributeDatabase(pool, {
              shards: flags.shards,
              onTable: (table) => process.stderr.write(`Distributing ${table} …\n`),
              signal,
            }),
          ),
        { mayBePartlyDistributed: true },
      ),
    )

const columns: readonly Column<Distribution['tables'][number]>[] = [
  { title: 'table', value: ({ table }) => table },
  { title: 'rows', isNumber: true, value: ({ rows }) => number(rows) },
  { title: 'seconds', isNumber: true, value: ({ seconds }) => seconds.toFixed(1) },
]

function resultOf({ nodes, shards, tables }: Distribution): Result {
  const layout = `Each table has ${counted(shards, 'shard')} on ${counted(nodes.length, 'node')}: ${nodes.join(', ')}.`
  return {
    json: { nodes, shards, tables },
    text: (width) =>
      tables.length === 0
        ? wrap(`All tables are distributed already. ${layout}`, width)
        : [
            listed(tables, columns, '').text(width),
            wrap(`${counted(tables.length, 'table')} were distributed. ${layout}`, width),
          ].join('\n\n'),
  }
}
