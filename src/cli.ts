#!/usr/bin/env node
import { Command } from 'commander'
import { doctorCommand } from './cli/commands/doctor.js'
import { importCommand } from './cli/commands/import.js'
import { importsCommand } from './cli/commands/imports.js'
import { keysCommand } from './cli/commands/keys.js'
import { organizationsCommand } from './cli/commands/organizations.js'
import { serveCommand } from './cli/commands/serve.js'
import { storesCommand } from './cli/commands/stores.js'
import { validateCommand } from './cli/commands/validate.js'
import { webhooksCommand } from './cli/commands/webhooks.js'
import { PROGRAM } from './cli/terminal/program.js'
import { version } from './version.js'

const HELP = `
Examples:
  $ ${PROGRAM} serve                          run the service on 127.0.0.1:8080
  $ ${PROGRAM} validate records.jsonl         check a file, without a service
  $ ${PROGRAM} import records.jsonl           import a file, service or not
  $ ${PROGRAM} imports list                   list imports
  $ ${PROGRAM} keys create --store default    create another API key

"${PROGRAM} <command> --help" explains a command.`

const program = new Command('intake')
  .description('Imports subscription data in bulk: JSON Lines in, PostgreSQL rows and an exact report out.')
  .version(version(), '-v, --version', 'print the version')
  .addCommand(serveCommand())
  .addCommand(validateCommand())
  .addCommand(importCommand())
  .addCommand(importsCommand())
  .addCommand(storesCommand())
  .addCommand(organizationsCommand())
  .addCommand(keysCommand())
  .addCommand(webhooksCommand())
  .addCommand(doctorCommand())
  .addHelpText('after', HELP)
  .showHelpAfterError(`Run "${PROGRAM} --help" for help.`)

await program.parseAsync()
