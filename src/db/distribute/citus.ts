import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../pool.js'
import { DISTRIBUTED } from './tables.js'

/** The oldest version of Citus that intake runs on, by its extension's version. */
export const OLDEST_CITUS = 13

/** What a database says about its Citus. */
export interface Citus {
  /** The extension's version: `13.2-1`. */
  readonly version: string
  readonly major: number
  /** Whether the server has loaded its library. Without it, a distributed table looks empty. */
  readonly isLoaded: boolean
  /** Whether this node is a worker of a cluster. */
  readonly isWorker: boolean
  /** The coordinator as the nodes know it: `10.0.0.1:5432`. */
  readonly coordinator: string | undefined
  /** Whether the tables of intake are distributed, or were being distributed when that was interrupted. */
  readonly isDistributed: boolean
  /** Whether it has any table in the schema. */
  readonly hasTables: boolean
  /** These tables; unknown, and empty, without the library. */
  readonly placed: readonly Placed[]
}

/** Examines a database; undefined: Citus was not created in it. Works without the library, too. */
export async function citusOf(client: Client, schema: string | null): Promise<Citus | undefined> {
  const [extension] = await rows<{ version: string; is_loaded: boolean }>(
    client,
    sql`
      select extversion as version, current_setting('citus.version', true) is not null as is_loaded
      from pg_extension where extname = 'citus'`,
  )
  if (!extension) return undefined
  const [found] = await rows<{ is_worker: boolean; coordinator: string | null; tables: string[] }>(
    client,
    sql`
      select
        exists (select 1 from pg_dist_local_group where groupid > 0) as is_worker,
        (select nodename || ':' || nodeport from pg_dist_node
         where groupid = 0 and noderole = 'primary' limit 1) as coordinator,
        array(
          select c.relname::text from pg_dist_partition p
          join pg_class c on c.oid = p.logicalrelid join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = ${schema}
        ) as tables`,
  )
  const { is_worker = false, coordinator, tables = [] } = found ?? {}
  return {
    version: extension.version,
    major: Number.parseInt(extension.version, 10),
    isLoaded: extension.is_loaded,
    isWorker: is_worker,
    coordinator: coordinator ?? undefined,
    isDistributed: tables.includes(DISTRIBUTED[0]),
    hasTables: tables.length > 0,
    placed: extension.is_loaded && schema !== null ? await placedTables(client, schema) : [],
  }
}

/** How Citus keeps a table. */
export interface Placed {
  readonly name: string
  /** A reference table has no distribution column, nor has a local one that Citus manages. */
  readonly column: string | null
  readonly colocation: number
  readonly shards: number | null
}

/** The tables of a schema that Citus knows. */
export const placedTables = async (client: Pool | Client, schema: string): Promise<Placed[]> =>
  await rows<Placed>(
    client,
    sql`
      select c.relname as name, column_to_column_name(p.logicalrelid, p.partkey) as column,
             p.colocationid as colocation, o.shardcount as shards
      from pg_dist_partition p
      join pg_class c on c.oid = p.logicalrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_dist_colocation o on o.colocationid = p.colocationid
      where n.nspname = ${schema} order by c.relname`,
  )

/** A node of the cluster. */
export interface Node {
  readonly id: number
  /** `10.0.0.1:5432` */
  readonly name: string
  readonly is_coordinator: boolean
  readonly is_active: boolean
  /** Whether it takes shards. */
  readonly holds_shards: boolean
}

export const nodesOf = async (client: Client): Promise<Node[]> =>
  await rows<Node>(
    client,
    sql`
      select nodeid as id, nodename || ':' || nodeport as name, groupid = 0 as is_coordinator,
             isactive as is_active, shouldhaveshards as holds_shards
      from pg_dist_node where noderole = 'primary' order by groupid`,
  )

/** A node that others do not reach. */
export interface Unreachable {
  readonly node: string
  /** The nodes that do not reach it. */
  readonly from: readonly string[]
}

/** Lets each node connect to every other one, as the role of the session. */
export async function unreachableNodes(client: Client): Promise<Unreachable[]> {
  return await rows<Unreachable>(
    client,
    sql`
      select to_nodename || ':' || to_nodeport as node,
             array_agg(from_nodename || ':' || from_nodeport order by from_nodename, from_nodeport) as from
      from citus_check_cluster_node_health() where not result group by 1 order by 1`,
  )
}

/** What a query of one value gives on a node, or why it fails there. */
export interface OnNode {
  readonly node: string
  readonly isDone: boolean
  readonly value: string
}

/** Runs a query of one value on every node, as the role of the session. */
export async function onAllNodes(client: Client, query: string): Promise<OnNode[]> {
  const found = await rows<{ node: string; success: boolean; result: string }>(
    client,
    sql`
      select n.nodename || ':' || n.nodeport as node, r.success, r.result
      from run_command_on_all_nodes(${query}) r join pg_dist_node n using (nodeid) order by n.groupid`,
  )
  return found.map(({ node, success, result }) => ({ node, isDone: success, value: result }))
}
