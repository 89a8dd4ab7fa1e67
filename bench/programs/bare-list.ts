import { fastify } from 'fastify'
import { createPool, type Pool } from '../../src/db/pool.js'
import { recordTypeOf } from '../../src/records/index.js'
import { listRecords } from '../../src/records/read/records.js'
import { defaultStore } from '../../src/tenants/owners.js'
import { databaseOf } from '../database.js'
import { answerQuestions } from '../program.js'

/** Which list to serve: the first page of the default store's products. */
export interface BareListQuestion {
  /** The data directory of a running service, whose database is used. */
  readonly dataDir: string
  readonly limit: number
}

export interface BareListAnswer {
  readonly url: string
}

/** The same number of database connections as the service has. */
const POOL_SIZE = 10

/** A route that does nothing but run the service's statement and answer the rows as JSON. */
answerQuestions<BareListQuestion, BareListAnswer>(async ({ dataDir, limit }) => {
  const pool = createPool(await databaseOf(dataDir), POOL_SIZE, () => {})
  const statement = await statementOf(await defaultStore(pool), limit)
  const app = fastify()
  app.get('/', async () => (await pool.query(statement)).rows)
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }) }
})

interface Statement {
  readonly text: string
  readonly values: unknown[]
}

/**
 * The same statement that the service runs for the page: the service's own function is given a pool that
 * records it.
 */
async function statementOf(ownerId: string, limit: number): Promise<Statement> {
  const products = recordTypeOf('subscription_product')
  if (!products) throw new Error('products are no longer a type')
  const statements: Statement[] = []
  const keeping = {
    query: async (statement: Statement) => {
      statements.push(statement)
      return { rows: [] }
    },
  }
  const query = { recordType: products, ownerIds: [ownerId], filter: undefined, include: new Set<string>() }
  await listRecords(keeping as unknown as Pool, query, { offset: 0, limit })
  const [statement, ...others] = statements
  if (!statement || others.length > 0) throw new Error('a page is no longer read by one statement')
  return statement
}
