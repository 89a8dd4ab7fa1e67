import { expect, test } from 'vitest'
import { DISTRIBUTED, DISTRIBUTION_COLUMN, LOCAL } from '../../../src/db/distribute/tables.js'
import { testService } from '../../support/service.js'

const service = testService()

/** The tables that the migrations have created, each with its columns and the first one of each unique key. */
async function tables(): Promise<Map<string, { columns: string[]; keys: string[]; references: string[] }>> {
  const { rows } = await service.pool.query(
    `select c.relname as name,
            array(select attname::text from pg_attribute
                  where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
            array(select a.attname::text from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
                  where i.indrelid = c.oid and i.indisunique) as keys,
            array(select confrelid::regclass::text from pg_constraint
                  where conrelid = c.oid and contype = 'f') as references
     from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')`,
  )
  return new Map(rows.map(({ name, ...table }) => [name, table]))
}

test('every table is in one of the two lists, and each list names tables that are there', async () => {
  const listed = [...DISTRIBUTED, ...LOCAL]
  expect([...(await tables()).keys()].sort()).toEqual(listed.sort())
})

test('the keys of a distributed table begin with the owner, and it has no foreign keys', async () => {
  const there = await tables()
  for (const name of DISTRIBUTED) {
    const { keys = [], references } = there.get(name) ?? {}
    expect(new Set(keys), name).toEqual(new Set([DISTRIBUTION_COLUMN]))
    expect(references, name).toEqual([])
  }
})

test('no local table refers to a distributed one', async () => {
  const there = await tables()
  for (const name of LOCAL) {
    expect(
      DISTRIBUTED.filter((one) => there.get(name)?.references.includes(one)),
      name,
    ).toEqual([])
  }
})
