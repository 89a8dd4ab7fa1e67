import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { statementsIn } from '../../../src/db/migrate/statements.js'

const MIGRATIONS = new URL('../../../src/db/migrations/', import.meta.url)

test('a semicolon in a comment, a string, a name or a text in dollars ends no statement', () => {
  const statements = [
    `select 'a;b', 'it''s;', "c;d" -- x;\n, 1 - 2 / 3;`,
    '\n/* ; */ do $$ begin; end $$;',
    ' create function f() returns text as $x$ ; $y$ ; $x$ language sql;',
    '\nselect 1',
  ]
  expect(statementsIn(`${statements.join('')}\n-- the end;\n`)).toEqual([
    ...statements.slice(0, -1),
    `${statements.at(-1)}\n-- the end;\n`,
  ])
})

test('what follows the last statement is none if it is empty or a comment', () => {
  expect(statementsIn('select 1;\n-- nothing; more\n')).toEqual(['select 1;'])
  expect(statementsIn('')).toEqual([])
})

test('nothing of a migration is lost', async () => {
  for (const file of await readdir(MIGRATIONS)) {
    const text = await readFile(new URL(file, MIGRATIONS), 'utf8')
    expect(statementsIn(text).join(''), file).toBe(text.trimEnd())
  }
})
