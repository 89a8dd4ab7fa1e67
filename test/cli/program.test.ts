import { describe, expect, test } from 'vitest'
import { commandLine, programOf } from '../../src/cli/terminal/program.js'

describe('the program has the name that a person can type', () => {
  test.each([
    ['a global installation', '/home/ann/.local/bin/intake', undefined],
    ['a script of npm that calls it', '/usr/local/bin/intake', 'run-script'],
    [
      'a global installation on Windows',
      'C:\\Users\\ann\\AppData\\Roaming\\npm\\node_modules\\intake\\dist\\cli.js',
      undefined,
    ],
  ])('intake: %s', (_, script, npmCommand) => {
    expect(programOf(script, npmCommand)).toBe('intake')
  })

  test.each([
    ['npm start in a clone', '/home/ann/intake/dist/cli.js', 'start'],
    ['node in a clone', '/home/ann/intake/dist/cli.js', undefined],
    ['npx', '/home/ann/shop/node_modules/.bin/intake', 'exec'],
    ['a dependency, by its path', '/home/ann/shop/node_modules/.bin/intake', undefined],
    ['npx on Windows', 'C:\\shop\\node_modules\\intake\\dist\\cli.js', 'exec'],
  ])('npx intake: %s', (_, script, npmCommand) => {
    expect(programOf(script, npmCommand)).toBe('npx intake')
  })
})

test('a command names its place, but shows no secret', () => {
  const words = ['imports', 'show', 'ID'] as const
  expect(commandLine({ dataDir: "/srv/ann's data" }, ...words)).toMatch(
    / imports show ID --data-dir '\/srv\/ann'\\''s data'$/,
  )
  expect(commandLine({ url: 'https://intake.example.com', apiKey: 'secret' }, ...words)).toMatch(
    / --url https:\/\/intake\.example\.com --api-key "\$API_KEY"$/,
  )
  expect(commandLine({ databaseUrl: 'postgresql://ann:secret@db/x' }, ...words)).toMatch(
    / --database-url "\$DATABASE_URL"$/,
  )
})
