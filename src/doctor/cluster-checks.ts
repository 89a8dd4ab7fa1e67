import { type Citus, type Node, nodesOf, onAllNodes, unreachableNodes } from '../db/distribute/citus.js'
import { undistributedOf } from '../db/distribute/layout.js'
import { REACH } from '../db/distribute/obstacles.js'
import {
  databaseOf,
  databaseSettings,
  type WrongSetting,
  wrongDatabaseSettings,
  wrongServerSettings,
} from '../db/distribute/settings.js'
import type { Client } from '../db/pool.js'
import { counted } from '../text/numbers.js'
import { type Finding, ok, problem, some, warning } from './finding.js'

/**
 * Checks a database that is distributed: its tables, the nodes, what a broken transaction has left on them, and
 * their settings. Of another database there is nothing to check.
 */
export async function checkCluster(client: Client, citus: Citus | undefined): Promise<Finding[]> {
  if (!citus) return []
  if (!citus.isDistributed) {
    return [ok('distribution', `Citus ${citus.version} is in the database, and no table is distributed.`)]
  }
  const nodes = await nodesOf(client)
  return [
    checkLayout(citus.placed),
    await checkNodes(client, nodes),
    await checkPrepared(client),
    await checkSettings(client),
  ]
}

/** What is wrong with the layout beyond this, the preconditions say. */
function checkLayout(placed: Citus['placed']): Finding {
  const check = 'distribution'
  const missing = undistributedOf(placed)
  if (missing.length > 0) {
    return problem(
      check,
      `Not distributed: ${some(missing)}.`,
      'Stop the services and run: intake db distribute',
    )
  }
  return ok(
    check,
    `${counted(placed.length, 'table')} are distributed by owner, over ${placed[0]?.shards} shards each.`,
  )
}

async function checkNodes(client: Client, nodes: readonly Node[]): Promise<Finding> {
  const check = 'nodes'
  const inactive = nodes.filter(({ is_active }) => !is_active).map(({ name }) => name)
  if (inactive.length > 0) {
    return problem(check, `Not active: ${some(inactive)}.`, 'Activate them with citus_activate_node.')
  }
  const unreachable = await unreachableNodes(client)
  if (unreachable.length > 0) {
    const found = unreachable.map(({ node, from }) => `${node} cannot be reached from ${some(from)}`)
    return problem(
      check,
      `${some(found)}: requests and imports of the owners there wait or fail with 503.`,
      REACH,
    )
  }
  const versions = new Set(
    (await onAllNodes(client, "select extversion from pg_extension where extname = 'citus'")).map(
      ({ value }) => value,
    ),
  )
  if (versions.size > 1) {
    return problem(
      check,
      `They have different versions of Citus: ${some([...versions])}.`,
      'Install the newest on all of them, and run "alter extension citus update" on each.',
    )
  }
  const holding = nodes.filter(({ holds_shards }) => holds_shards).map(({ name }) => name)
  return ok(check, `All answer one another; rows are on ${some(holding)}.`)
}

/** Citus looks for them each minute, by default. */
const PREPARED_SECONDS = 300

async function checkPrepared(client: Client): Promise<Finding> {
  const check = 'prepared transactions'
  const counts = await onAllNodes(
    client,
    `select count(*) from pg_prepared_xacts
     where database = current_database() and prepared < now() - interval '${PREPARED_SECONDS} seconds'`,
  )
  const left = counts.filter(({ isDone, value }) => isDone && value !== '0')
  if (left.length === 0) return ok(check, 'None is left over.')
  const found = left.map(({ node, value }) => `${value} on ${node}`)
  return problem(
    check,
    `Left over for more than ${PREPARED_SECONDS / 60} minutes, with their locks: ${some(found)}.`,
    'On the coordinator, as a superuser, run: select recover_prepared_transactions();',
  )
}

async function checkSettings(client: Client): Promise<Finding> {
  const check = 'settings of the nodes'
  const ofServers = await wrongServerSettings(client)
  if (ofServers.length > 0) {
    return problem(
      check,
      some(ofServers.map(asWords)),
      'Change it in postgresql.conf of those nodes and restart them.',
    )
  }
  const ofDatabase = await wrongDatabaseSettings(client)
  if (ofDatabase.length === 0) return ok(check, 'They are as intake needs them.')
  const { name } = await databaseOf(client)
  return warning(
    check,
    some(ofDatabase.map(asWords)),
    `On the coordinator, or else on each node, run: ${databaseSettings(name).join('; ')};`,
  )
}

const asWords = ({ node, name, value, needed }: WrongSetting): string =>
  `${name} is ${value} on ${node}; it has to be ${needed}`
