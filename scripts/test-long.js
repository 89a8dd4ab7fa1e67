// Runs one of the tests that have a long form: `npm run test:faults`, `npm run test:fuzz`,
// `npm run test:properties`. The short forms are part of `npm test`.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'

const tests = {
  faults: {
    file: 'test/faults/schedules.test.ts',
    says: 'Runs schedules of faults; stops at the first with a different outcome than without faults.',
    flag: 'schedules',
    preset: 200,
    only: 'only faults whose name has this text in it',
    processes: 'so many processes of the service: 1, or 2 that share their uploads by S3',
  },
  fuzz: {
    file: 'test/imports/receive/fuzz.test.ts',
    says: 'Imports mutated lines; stops at the first file that is not fully accounted for.',
    flag: 'lines',
    preset: 100_000,
  },
  properties: {
    file: 'test/imports/work/properties.test.ts',
    says: 'Imports random files; stops at the first of which a count, an error or a row is not what an oracle says.',
    flag: 'runs',
    preset: 500,
  },
}

const [name = '', ...args] = process.argv.slice(2)
const test = tests[name]
if (!test) throw new Error(`There is no test "${name}"; there are ${Object.keys(tests).join(', ')}.`)

const command = new Command(`test:${name}`)
  .description(test.says)
  .option(`--${test.flag} <number>`, 'how many', wholeNumber, test.preset)
  .option('--seed <number>', 'which of the possible ones (default: another each time)', wholeNumber)
if (test.only) command.option('--only <text>', test.only)
if (test.processes) command.option('--processes <number>', test.processes, wholeNumber, 1)
const options = command.parse(args, { from: 'user' }).opts()

const root = fileURLToPath(new URL('..', import.meta.url))
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', test.file], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    LONG_TEST_AMOUNT: String(options[test.flag]),
    ...(options.processes > 1 && { LONG_TEST_PROCESSES: String(options.processes) }),
    ...(options.only !== undefined && { LONG_TEST_ONLY: options.only }),
    ...(options.seed !== undefined && { TEST_SEED: String(options.seed) }),
  },
})
process.exitCode = status ?? 1

function wholeNumber(text) {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number.')
  return Number(text)
}
