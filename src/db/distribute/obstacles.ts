import sql from 'sql-template-tag'
import { type Client, rows } from '../pool.js'
import { type Citus, type Node, nodesOf, OLDEST_CITUS, unreachableNodes } from './citus.js'
import { databaseOf, databaseSettings, wrongDatabaseSettings, wrongServerSettings } from './settings.js'
import { DISTRIBUTED } from './tables.js'

/** Why the tables of a database cannot be distributed. The texts are whole sentences. */
export interface Refusal {
  readonly found: string
  readonly remedy: string
}

/**
 * What is against distributing the tables of a schema, in the order in which to fix it; changes nothing.
 *
 * @param shards as asked for; undefined: any number.
 */
export async function refusalsOf(
  client: Client,
  citus: Citus | undefined,
  schema: string,
  shards: number | undefined,
): Promise<Refusal[]> {
  const ofServer = refusalOfCitus(citus)
  if (ofServer) return [ofServer]
  const nodes = await nodesOf(client)
  const ofNodes = refusalsOfNodes(nodes)
  if (ofNodes.length > 0) return ofNodes
  const unreachable = await unreachableNodes(client)
  if (unreachable.length > 0) {
    return unreachable.map(({ node, from }) => ({
      found: `The node ${node} cannot be reached from ${from.join(', ')}.`,
      remedy: REACH,
    }))
  }
  return [
    ...(await refusalsOfSettings(client)),
    ...(await refusalsOfTables(client, schema)),
    ...(citus ? refusalsOfShards(citus, shards) : []),
  ]
}

/** What to do about a node that others do not reach. */
export const REACH =
  'Each node must reach every other one, as the role of DATABASE_URL and in the same database.'

function refusalOfCitus(citus: Citus | undefined): Refusal | undefined {
  if (!citus) {
    return {
      found: 'The database is a plain PostgreSQL: the extension citus was not created in it.',
      remedy:
        'Create a database with Citus on a coordinator and its workers first (docs/operations/citus.md), and set DATABASE_URL to it.',
    }
  }
  if (citus.major < OLDEST_CITUS) {
    return {
      found: `The database has Citus ${citus.version}, older than ${OLDEST_CITUS}.`,
      remedy: `Upgrade Citus on all nodes to ${OLDEST_CITUS} or newer.`,
    }
  }
  if (citus.isLoaded) return undefined
  return {
    found: 'The server has not loaded the library of Citus.',
    remedy: 'Set shared_preload_libraries to citus in postgresql.conf and restart the server.',
  }
}

function refusalsOfNodes(nodes: readonly Node[]): Refusal[] {
  if (!nodes.some(({ is_coordinator }) => is_coordinator)) {
    return [
      {
        found: 'The workers do not know the coordinator.',
        remedy: "On the coordinator, run: select citus_set_coordinator_host('<host>', <port>);",
      },
    ]
  }
  if (!nodes.some(({ holds_shards }) => holds_shards)) {
    return [
      {
        found: 'No node may hold shards.',
        remedy: "Add the workers: select citus_add_node('<host>', <port>);",
      },
    ]
  }
  return nodes
    .filter(({ is_active }) => !is_active)
    .map(({ name }) => ({
      found: `The node ${name} is not active.`,
      remedy: `Activate it with citus_activate_node, or remove it with citus_remove_node.`,
    }))
}

async function refusalsOfSettings(client: Client): Promise<Refusal[]> {
  const ofServers = (await wrongServerSettings(client)).map(({ node, name, value, needed }) => ({
    found: `On the node ${node}, ${name} is ${value}.`,
    remedy: `Set it to ${needed} in postgresql.conf and restart the server.`,
  }))
  const database = await databaseOf(client)
  if (database.is_ours || (await wrongDatabaseSettings(client)).length === 0) return ofServers
  return [
    ...ofServers,
    {
      found: `The role of DATABASE_URL does not own the database ${database.name}, whose settings have to be changed.`,
      remedy: `As its owner, run on the coordinator: ${databaseSettings(database.name).join('; ')};`,
    },
  ]
}

/** What others have added to the tables and Citus does not distribute with them. */
async function refusalsOfTables(client: Client, schema: string): Promise<Refusal[]> {
  const found = await rows<{ kind: string; name: string; table: string }>(
    client,
    sql`
      with ours as (
        select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${schema} and c.relname = any(${DISTRIBUTED}::text[])
      )
      select 'foreign key' as kind, f.conname as name, f.conrelid::regclass::text as table
      from pg_constraint f
      where f.contype = 'f' and (f.conrelid in (select oid from ours) or f.confrelid in (select oid from ours))
      union all
      select 'trigger', t.tgname, o.relname from pg_trigger t join ours o on o.oid = t.tgrelid where not t.tgisinternal
      order by 1, 3, 2`,
  )
  return found.map(({ kind, name, table }) => ({
    found: `The table ${table} has a ${kind} "${name}", which is not one of intake.`,
    remedy: `Drop it: rows of other nodes are out of its reach.`,
  }))
}

/** Tables that are distributed keep their number of shards. */
function refusalsOfShards({ placed, isDistributed }: Citus, shards: number | undefined): Refusal[] {
  const [first] = placed
  if (!isDistributed || shards === undefined || first?.shards === shards) return []
  return [
    {
      found: `The tables are distributed already, over ${first?.shards} shards each.`,
      remedy: `To change that, run: select alter_distributed_table('products', shard_count => ${shards}, cascade_to_colocated => true);`,
    },
  ]
}
