import pg from 'pg'
import { type Citus, OLDEST_CITUS } from '../distribute/citus.js'
import { layoutProblems } from '../distribute/layout.js'
import { type Facts, OLDEST_SERVER } from './facts.js'

/** What a precondition is about: a check of `intake doctor`. */
export type Subject = 'database' | 'encoding' | 'schema' | 'connections'

/** Why intake does not work with a database. The texts are whole sentences. */
export interface Obstacle {
  readonly subject: Subject
  readonly found: string
  readonly remedy: string
  /** Whether somebody who is still setting up the database may be about to fix it. */
  readonly mayPass: boolean
}

type Precondition = (facts: Facts, connections: number) => Omit<Obstacle, 'subject'> | undefined

/**
 * What a database must have, each stated once for the start and for the doctor, in the order in which
 * problems have to be fixed: the later ones do not matter before that.
 */
const PRECONDITIONS: readonly (readonly [Subject, Precondition])[] = [
  [
    'database',
    ({ version, version_number }) =>
      version_number < OLDEST_SERVER
        ? {
            found: `The server is PostgreSQL ${version}, older than PostgreSQL 15.`,
            remedy: 'Intake runs on PostgreSQL 15 and newer: upgrade the server.',
            mayPass: false,
          }
        : undefined,
  ],
  [
    'database',
    ({ version, is_standby }) =>
      is_standby
        ? {
            found: `The server is a standby (PostgreSQL ${version}): nothing can be written.`,
            remedy: 'Promote it, or set DATABASE_URL to the primary.',
            mayPass: true,
          }
        : undefined,
  ],
  ['database', isNoWorker],
  ['database', hasItsCitus],
  [
    'connections',
    ({ sharesSessions }) =>
      sharesSessions
        ? {
            found:
              'A pooler shares the sessions of the server between its clients (PgBouncer: pool_mode = transaction).',
            remedy:
              "Set DATABASE_URL to the server itself, or the pooler to a session for each client (PgBouncer: pool_mode = session for this database or role): intake's locks, settings and notifications belong to sessions.",
            mayPass: false,
          }
        : undefined,
  ],
  [
    'encoding',
    ({ database, encoding, role }) =>
      encoding === 'UTF8'
        ? undefined
        : {
            found: `The database ${quoted(database)} has the encoding ${encoding}, which cannot hold every text.`,
            remedy: `Set DATABASE_URL to one in UTF8: create database intake owner ${quoted(role)} encoding 'UTF8' template template0;`,
            mayPass: false,
          },
  ],
  ['schema', hasSchema],
  ['schema', hasUsableName],
  ['schema', isTheOnlyOne],
  ['schema', mayCreate],
  ['schema', hasRoom],
  ['schema', mayReadAndWrite],
  ['connections', hasConnections],
]

/**
 * The obstacles, in the order in which to fix them.
 *
 * @param connections the number that must be allowed at once
 */
export const obstaclesOf = (facts: Facts, connections: number): Obstacle[] =>
  PRECONDITIONS.flatMap(([subject, precondition]) => {
    const obstacle = precondition(facts, connections)
    return obstacle === undefined ? [] : [{ subject, ...obstacle }]
  })

const quoted = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : pg.escapeIdentifier(name))

/** The statement that makes the role's sessions use a schema. */
const pathTo = ({ role, database }: Facts, schema: string): string =>
  `alter role ${quoted(role)} in database ${quoted(database)} set search_path to ${quoted(schema)};`

/** The statements that give intake its own schema. */
const ownSchema = (facts: Facts): string =>
  `create schema intake authorization ${quoted(facts.role)}; ${pathTo(facts, 'intake')}`

/** A worker has the rows of some owners, and none of the local tables. */
function isNoWorker({ citus }: Facts): ReturnType<Precondition> {
  if (!citus?.isWorker) return undefined
  const { coordinator } = citus
  return {
    found: 'DATABASE_URL names a worker of a Citus cluster.',
    remedy: `Set it to the coordinator${coordinator === undefined ? '' : `, ${coordinator}`}: only that has all tables.`,
    mayPass: false,
  }
}

/** Without the library of Citus, the distributed tables look empty. */
function hasItsCitus({ citus }: Facts): ReturnType<Precondition> {
  if (!citus?.hasTables) return undefined
  if (!citus.isLoaded) {
    return {
      found: 'The database is distributed, and its server has not loaded the library of Citus.',
      remedy: 'Set shared_preload_libraries to citus in postgresql.conf and restart the server.',
      mayPass: true,
    }
  }
  if (citus.major >= OLDEST_CITUS) return hasLayout(citus)
  return {
    found: `The database is distributed by Citus ${citus.version}, older than ${OLDEST_CITUS}.`,
    remedy: `Upgrade Citus on all nodes to ${OLDEST_CITUS} or newer, and run: alter extension citus update;`,
    mayPass: false,
  }
}

function hasLayout({ placed }: Citus): ReturnType<Precondition> {
  const wrong = layoutProblems(placed)
  if (wrong.length === 0) return undefined
  return {
    found: wrong.join(' '),
    remedy: `Undo it: select undistribute_table('<table>'); then run: intake db distribute`,
    mayPass: false,
  }
}

function hasSchema(facts: Facts): ReturnType<Precondition> {
  if (facts.schema !== null) return undefined
  const { search_path: path, role } = facts
  return {
    found:
      path === '' || path === '""'
        ? `The search_path of the role ${quoted(role)} is empty, so there is no schema for the tables.`
        : `The search_path of the role ${quoted(role)} (${path}) names no existing schema that it may use.`,
    remedy: `Create one, or set the path to another: ${ownSchema(facts)}`,
    mayPass: true,
  }
}

/** `node-pg-migrate` writes the name into its statements as it is. */
function hasUsableName(facts: Facts): ReturnType<Precondition> {
  const { schema } = facts
  if (schema === null || !/["'\\]/.test(schema)) return undefined
  return {
    found: `The name of the schema ${quoted(schema)} contains a quote or a backslash.`,
    remedy: `Use another schema: ${ownSchema(facts)}`,
    mayPass: false,
  }
}

function isTheOnlyOne(facts: Facts): ReturnType<Precondition> {
  const [elsewhere] = facts.intakeElsewhere
  const { schema, search_path: path } = facts
  if (schema === null || elsewhere === undefined) return undefined
  return {
    found: `The search_path (${path}) leads to the empty schema ${quoted(schema)} first, and then to the tables of an intake in ${quoted(elsewhere)}.`,
    remedy: `Say which is meant: ${pathTo(facts, elsewhere)} or, for a new one, ${pathTo(facts, schema)}`,
    mayPass: false,
  }
}

function mayCreate(facts: Facts): ReturnType<Precondition> {
  const { schema, may_create, may_create_temporary, migrations, role, database } = facts
  if (schema === null) return undefined
  if (!may_create && (migrations.missing.length > 0 || migrations.isFormer)) {
    return {
      found: `The role ${quoted(role)} may not create tables in the schema ${quoted(schema)}.`,
      remedy: `Allow it: grant create on schema ${quoted(schema)} to ${quoted(role)}; or give it its own schema: ${ownSchema(facts)}`,
      mayPass: true,
    }
  }
  if (may_create_temporary) return undefined
  return {
    found: `The role ${quoted(role)} may not create temporary tables, which imports need.`,
    remedy: `Allow it: grant temporary on database ${quoted(database)} to ${quoted(role)};`,
    mayPass: true,
  }
}

function hasRoom(facts: Facts): ReturnType<Precondition> {
  const { schema, inTheWay } = facts
  const [first] = inTheWay
  if (schema === null || first === undefined) return undefined
  const names = inTheWay.map((name) => `"${name}"`).join(', ')
  return {
    found: `In the schema ${quoted(schema)} another program has something with the name of a table or index of intake: ${names}.`,
    remedy: `Give intake its own schema: ${ownSchema(facts)}`,
    mayPass: false,
  }
}

function mayReadAndWrite({ schema, forbidden, role }: Facts): ReturnType<Precondition> {
  if (schema === null || forbidden.length === 0) return undefined
  return {
    found: `The role ${quoted(role)} may not read and write these tables in the schema ${quoted(schema)}: ${forbidden.join(', ')}.`,
    remedy: `Allow it: grant select, insert, update, delete on all tables in schema ${quoted(schema)} to ${quoted(role)};`,
    mayPass: true,
  }
}

/** What the limits apply to, how many connections they allow, and how many there are. */
export const connectionLimits = (facts: Facts) =>
  [
    {
      what: `the role ${quoted(facts.role)}`,
      allows: facts.role_limit,
      has: facts.role_connections,
      remedy: (limit: number) => `alter role ${quoted(facts.role)} connection limit ${limit};`,
    },
    {
      what: `the database ${quoted(facts.database)}`,
      allows: facts.database_limit,
      has: facts.database_connections,
      remedy: (limit: number) => `alter database ${quoted(facts.database)} connection limit ${limit};`,
    },
    {
      what: 'the server',
      allows: facts.server_limit,
      has: facts.server_connections,
      remedy: () => 'raise max_connections in postgresql.conf and restart the server.',
    },
  ].filter(({ allows }) => allows >= 0)

function hasConnections(facts: Facts, connections: number): ReturnType<Precondition> {
  const tooLow = connectionLimits(facts).find(({ allows }) => allows < connections)
  if (!tooLow) return undefined
  const { what, allows, remedy } = tooLow
  return {
    found: `A process of intake needs up to ${connections} connections at once, and ${what} allows ${allows}.`,
    remedy: `Allow ${connections} for each process: ${remedy(connections)}`,
    mayPass: true,
  }
}
