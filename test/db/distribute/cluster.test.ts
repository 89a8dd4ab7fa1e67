import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { placedTables } from '../../../src/db/distribute/citus.js'
import { distributeTables } from '../../../src/db/distribute/distribute.js'
import { DISTRIBUTED, LOCAL } from '../../../src/db/distribute/tables.js'
import { migrate } from '../../../src/db/migrate/migrate.js'
import { connect, createPool, type PoolConnections } from '../../../src/db/pool.js'
import { setApiKey } from '../../../src/tenants/credentials.js'
import { generateApiKey } from '../../../src/tenants/secrets.js'
import { createOwner } from '../../../src/tenants/stores-and-organizations.js'
import { Api } from '../../support/api.js'
import {
  aFeature,
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  aSubscription,
  file,
  times,
} from '../../support/builders.js'
import { intake, startIntake } from '../../support/cli.js'
import { type Cluster, type ClusterDatabase, createClusterDatabase, onNode } from '../../support/cluster.js'
import { setUpSchemaBefore } from '../../support/old-schema.js'
import { serve, temporaryFolder } from '../../support/service.js'

// Only where TEST_CITUS names a cluster (CONTRIBUTING.md).

const nodes = inject('cluster')?.nodes as Cluster

describe.skipIf(nodes === undefined)('On a cluster', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let database: ClusterDatabase
  let pool: PoolConnections
  beforeEach(async () => {
    folder = await temporaryFolder()
    database = await createClusterDatabase(nodes)
    // Under another name than that of the services, which have to be stopped.
    const url = `${database.databaseUrl}?application_name=test`
    pool = createPool({ connectionString: url }, 2, () => {})
  })
  afterEach(async () => {
    await pool.end()
    await database.drop()
    await folder.remove()
  })

  const settings = () => ({ DATA_DIR: join(folder.path, 'data'), DATABASE_URL: database.databaseUrl })
  const start = () => serve(settings())
  const distribute = (...flags: readonly string[]) => intake(['db', 'distribute', ...flags], settings())
  const expectLayout = async (shards: number) => {
    const placed = await placedTables(pool, 'public')
    expect(placed.map(({ name }) => name)).toEqual([...DISTRIBUTED].sort())
    for (const table of placed) expect(table).toMatchObject({ column: 'owner_id', shards })
    expect(new Set(placed.map(({ colocation }) => colocation)).size).toBe(1)
  }

  /** How many rows each table has, and a hash of them. */
  const contents = async (): Promise<Record<string, unknown>> => {
    const found: Record<string, unknown> = {}
    for (const table of [...DISTRIBUTED, ...LOCAL]) {
      const { rows } = await pool.query(
        `select count(*) as rows, md5(string_agg(t, ',' order by t collate "C")) as hash
         from (select x::text as t from ${table} x) all_rows`,
      )
      found[table] = rows[0]
    }
    return found
  }

  /** A store with records of all kinds, an import that changed some of them, and rejected lines. */
  const fill = async (url: string, organizationId?: string): Promise<Api> => {
    const key = generateApiKey()
    const id = (await createOwner(pool, 'store', `store ${key.slice(-8)}`, organizationId)) ?? ''
    await setApiKey(pool, id, 'test', key)
    const api = new Api(url, key)
    await api.import(
      file(
        times(200, (n) => aProduct({ external_ref: `p-${n}`, name: `Product ${n}` })).trimEnd(),
        aPlan({ external_ref: 'monthly' }),
        aFeature({ external_ref: 'library' }),
        aSubscriber({ external_ref: 'ann' }),
        anOffering({ external_ref: 'coffee', plans: [aPlan({ external_ref: 'inline' }).data.attributes] }),
        times(50, (n) => aSubscription({ external_ref: `s-${n}` })).trimEnd(),
        'garbage',
      ),
    )
    await api.import(
      times(20, (n) => aProduct({ external_ref: `p-${n}`, name: `Changed ${n}` })),
      { onConflict: 'update' },
    )
    return api
  }

  test('a database with rows is distributed, with the same rows afterwards, and the service goes on with them', async () => {
    const first = await start()
    const organization = (await createOwner(pool, 'organization', 'acme')) ?? ''
    const stores = [await fill(first.url, organization), await fill(first.url)]
    expect(await distribute()).toMatchObject({ code: 1, stdout: '' })
    await first.stop()
    const before = await contents()

    const { code, stdout } = await distribute('--shards', '4', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ shards: 4, tables: DISTRIBUTED.map((table) => ({ table })) })
    await expectLayout(4)
    expect(await contents()).toEqual(before)
    const { rows } = await pool.query('select pg_relation_size($1) as bytes', ['products'])
    expect(rows).toEqual([{ bytes: 0 }])

    const again = await distribute('--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ shards: 4, tables: [] })
    expect(await contents()).toEqual(before)
    expect((await distribute('--shards', '8')).stderr).toMatch(/^intake: .* over 4 shards each\. /)

    const second = await start()
    for (const store of stores) {
      const api = store.at(second.url)
      await api.import(file(aProduct({ external_ref: 'p-0' }), aProduct({ external_ref: 'new' })))
      const products = await api.get('/subscriptions/products?page[limit]=100')
      expect(products.body.meta.results.total).toBe(201)
      const { body } = await api.get('/subscriptions/imports')
      const [, update] = body.data
      await api.request(`/subscriptions/imports/${update.id}/undo`, { method: 'POST' })
      await expect
        .poll(async () => (await api.find(update.id)).meta.undo)
        .toMatchObject({ status: 'success', restored: { subscription_product: 20 } })
    }
    const { stdout: doctor } = await intake(['doctor'], settings())
    expect(doctor).toMatch(/^distribution +ok +18 tables/m)
    await second.stop()
  })

  test('a run that was killed is continued by the next one, and no service starts before', async () => {
    const first = await start()
    await fill(first.url)
    await first.stop()
    const before = await contents()
    for (const table of ['plans', 'offerings']) {
      const run = startIntake(['db', 'distribute', '--shards', '4'], settings())
      await run.says(new RegExp(`Distributing ${table} …`))
      run.child.kill('SIGKILL')
      await run.ended
    }
    const { code, stderr } = await intake(['serve', '--port', '0'], settings())
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/was interrupted; it still has to be done for .*offering_plans, /),
    })
    const { stdout: doctor } = await intake(['doctor'], settings())
    expect(doctor).toMatch(/^distribution +problem +Not distributed: /m)
    const { stdout } = await distribute('--json')
    expect(JSON.parse(stdout).tables).toContainEqual(
      expect.objectContaining({ table: 'subscriptions', rows: 50 }),
    )
    await (await start()).stop()
    await expectLayout(4)
    expect(await contents()).toEqual(before)
  })

  test('a later migration changes distributed tables, and distributes its new ones', async () => {
    await setUpSchemaBefore(pool, '0010')
    await pool.query(
      `insert into products (owner_id, id, created_at, updated_at, name)
       select gen_random_uuid(), gen_random_uuid(), now(), now(), 'x' from generate_series(1, 100)`,
    )
    const client = await connect({ connectionString: database.databaseUrl })
    await distributeTables(client, { schema: 'public', shards: 4 })
    await client.end()
    await migrate({ connectionString: database.databaseUrl })
    await expectLayout(4)
    const { rows } = await pool.query('select count(*) as count from products')
    expect(rows).toEqual([{ count: 100 }])
    // As of those that are distributed afterwards (docs/decisions/0058).
    const target = `select attstattarget from pg_attribute where attrelid = '%s'::regclass and attname = 'owner_id'`
    for (const table of ['products', 'import_kept']) {
      const found = await pool.query('select distinct result from run_command_on_shards($1, $2)', [
        table,
        target,
      ])
      expect(found.rows).toEqual([{ result: '0' }])
    }
  })

  test('a worker is refused at the start, by commands, and by the doctor', async () => {
    const [worker = ''] = database.workerUrls
    const atWorker = { ...settings(), DATABASE_URL: worker }
    const refusal = /DATABASE_URL names a worker of a Citus cluster\. Set it to the coordinator, [^ ]+: /
    expect((await intake(['serve', '--port', '0'], atWorker)).stderr).toMatch(refusal)
    expect((await intake(['db', 'distribute'], atWorker)).stderr).toMatch(refusal)
    await (await start()).stop()
    const { code, stdout } = await intake(['doctor', '--json'], atWorker)
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        check: 'database',
        status: 'problem',
        found: expect.stringMatching('worker'),
      }),
    )
  })

  test.each([
    [
      'create table mine (owner_id uuid, id uuid, foreign key (owner_id, id) references products)',
      /foreign key/,
    ],
    [
      'create function f() returns trigger language plpgsql as $$ begin return new; end $$; create trigger mine before insert on plans for each row execute function f()',
      /The table plans has a trigger "mine"/,
    ],
    ["select create_reference_table('owners')", /Citus keeps the table owners, which has to be a local one/],
    ["select create_reference_table('plans')", /The table plans is not distributed but kept by Citus/],
    [
      "select create_distributed_table('plans', 'owner_id')",
      /The table plans is distributed, and products is not/,
    ],
  ])('%s: nothing is distributed', async (statement, refusal) => {
    await (await start()).stop()
    await pool.query(statement)
    const { code, stderr } = await distribute()
    expect(code).toBe(1)
    expect(stderr).toMatch(refusal)
    expect((await placedTables(pool, 'public')).map(({ name }) => name)).not.toContain('products')
  })

  test('a role that is no superuser distributes its own database', async () => {
    const role = `role_${database.name}`
    for (const url of nodes) {
      // It is on each node once, whether or not this node would tell the others.
      await onNode(
        url,
        'set citus.enable_create_role_propagation to off',
        `create role ${role} login password 'x'`,
      )
      await onNode(url, `alter database ${database.name} owner to ${role}`)
    }
    const url = new URL(database.databaseUrl)
    url.username = role
    url.password = 'x'
    const { code, stderr } = await intake(['db', 'distribute', '--shards', '4'], {
      ...settings(),
      DATABASE_URL: url.href,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('Distributing products …') })
    await expectLayout(4)
  })
})
