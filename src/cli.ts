#!/usr/bin/env node
import { Command } from 'commander'
import { PROGRAM } from './cli/terminal/program.js'
import { version } from './version.js'

const HELP = `
Examples:
  $ ${PROGRAM} serve                          run the service on 127.0.0.1:8080
  $ ${PROGRAM} validate records.jsonl         check a file, without a service
  $ ${PROGRAM} import records.jsonl           import a file, service or not
  $ ${PROGRAM} imports list                   list imports
  $ ${PROGRAM} export -o everything.jsonl     write all records to a file
  $ ${PROGRAM} keys create --store default    create another API key

"${PROGRAM} <command> --help" explains a command.`

/**
 * By name, in the order of `--help`. Each is loaded only where it is needed: `intake keys` waits for no HTTP
 * server.
 */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['serve', async () => (await import('./cli/commands/serve.js')).serveCommand()],
  ['validate', async () => (await import('./cli/commands/validate.js')).validateCommand()],
  ['import', async () => (await import('./cli/commands/import.js')).importCommand()],
  ['imports', async () => (await import('./cli/commands/imports/imports.js')).importsCommand()],
  ['export', async () => (await import('./cli/commands/export.js')).exportCommand()],
  ['stores', async () => (await import('./cli/commands/stores.js')).storesCommand()],
  ['organizations', async () => (await import('./cli/commands/organizations.js')).organizationsCommand()],
  ['keys', async () => (await import('./cli/commands/keys.js')).keysCommand()],
  ['webhooks', async () => (await import('./cli/commands/webhooks.js')).webhooksCommand()],
  ['db', async () => (await import('./cli/commands/db.js')).dbCommand()],
  ['completion', async () => (await import('./cli/commands/completion.js')).completionCommand(wholeProgram)],
  ['doctor', async () => (await import('./cli/commands/doctor.js')).doctorCommand()],
])

const newProgram = (): Command =>
  new Command('intake')
    .description('Imports subscription data in bulk: JSON Lines in, PostgreSQL rows and an exact report out.')
    .version(version(), '-v, --version', 'print the version')
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} --help" for help.`)

async function wholeProgram(): Promise<Command> {
  const program = newProgram()
  for (const load of COMMANDS.values()) program.addCommand(await load())
  return program
}

const load = COMMANDS.get(process.argv[2] ?? '')
const program = load ? newProgram().addCommand(await load()) : await wholeProgram()
await program.parseAsync()
