import { setTimeout as sleep } from 'node:timers/promises'
import { CUT_LINES } from './client-faults.js'
import { STUCK_MS } from './scene.js'
import { recordTables } from './tables.js'
import type { Owner, Victim } from './victim.js'

/**
 * Checks that everything has ended, every line is accounted for, and nothing is left over.
 *
 * @throws an Error that says what there is.
 */
export async function checkNothingElse(
  victim: Victim,
  { bystander, greedy, observed }: { bystander: Owner; greedy: Owner; observed: readonly Owner[] },
): Promise<void> {
  const left = async (what: string, statement: string, values: unknown[] = []) => {
    const rows = await victim.query(statement, values)
    if (rows.length > 0) throw new Error(`There are ${what}: ${JSON.stringify(rows.slice(0, 5))}`)
  }
  const owners = [bystander, greedy, ...observed].map(({ id }) => id)
  await left(
    'imports of uploads that broke off',
    'select id from imports where owner_id = $1 and file_lines = $2',
    [bystander.id, CUT_LINES],
  )
  await until(
    'imports that are stuck',
    "select id from imports where status in ('pending', 'started')",
    victim,
  )
  await left(
    'products of the bystander that are not there once for each line',
    `select (select count(*) from products where owner_id = $1) as rows, sum(c.imported) as imported, sum(i.file_lines) as lines
     from imports i join import_counts c on c.import_id = i.id and c.type = 'subscription_product'
     where i.owner_id = $1
     having (select count(*) from products where owner_id = $1) <> sum(i.file_lines) or sum(c.imported) <> sum(i.file_lines)`,
    [bystander.id],
  )
  await left(
    'imports of the greedy owner of which not every line is accounted for',
    `select i.id, i.file_lines, c.imported
     from imports i join import_counts c on c.import_id = i.id and c.type = 'subscription_product'
     where i.owner_id = $1 and i.file_lines <> c.imported +
       (select count(distinct line_number) from import_errors e where e.owner_id = i.owner_id and e.import_id = i.id)`,
    [greedy.id],
  )
  await left('failed imports', "select id, failure_reason from imports where status = 'failed'")
  const traces = recordTables.map(
    (table) =>
      `select owner_id, '${table}' as table from ${table} where owner_id in (select id from imports where dry_run)`,
  )
  await until('traces of rehearsals', `${traces.join(' union all ')} limit 5`, victim)
  await left('leases of jobs that are over', 'select id from imports where lease_expires_at is not null')
  for (const table of [...recordTables, 'import_errors', 'import_error_kinds', 'import_warnings']) {
    await left(`${table} of nobody`, `select owner_id from ${table} where owner_id <> all($1)`, [owners])
  }
  for (const table of ['import_errors', 'import_error_kinds', 'import_warnings', 'import_changes']) {
    await left(
      `${table} of an import that never was`,
      `select import_id from ${table} t where not exists (select from imports i where i.id = t.import_id)`,
    )
  }
  await checkFiles(victim)
}

/**
 * How many files no import may name: of a request that was being committed, or whose process was killed, when a
 * fault struck. They are deleted by age, so none is deleted here.
 */
const MOST_STRAYS = 8

async function checkFiles(victim: Victim): Promise<void> {
  const rows = await victim.query<{ upload_key: string }>('select upload_key from imports')
  const due = new Set(rows.map(({ upload_key }) => upload_key))
  const deadline = Date.now() + STUCK_MS
  for (;;) {
    const { whole, incoming } = await victim.uploads.files()
    const there = whole.filter((key) => due.has(key)).length
    if (incoming.length === 0 && there === due.size && whole.length - there <= MOST_STRAYS) return
    if (Date.now() > deadline) {
      throw new Error(`There are the files ${[...whole, ...incoming]}, and imports of ${[...due].sort()}.`)
    }
    await sleep(20)
  }
}

async function until(what: string, statement: string, victim: Victim): Promise<void> {
  const deadline = Date.now() + STUCK_MS
  for (;;) {
    const rows = await victim.query(statement)
    if (rows.length === 0) return
    if (Date.now() > deadline) throw new Error(`There are ${what}: ${JSON.stringify(rows.slice(0, 5))}`)
    await sleep(20)
  }
}
