#!/usr/bin/env node
import { Command } from 'commander'
import { doctorCommand } from './cli/doctor.js'
import { importCommand } from './cli/import.js'
import { keysCommand } from './cli/keys.js'
import { organizationsCommand } from './cli/organizations.js'
import { serveCommand } from './cli/serve.js'
import { storesCommand } from './cli/stores.js'
import { webhooksCommand } from './cli/webhooks.js'
import { version } from './version.js'

const HELP = `
Examples:
  $ intake serve                          run the service on 127.0.0.1:8080
  $ intake import records.jsonl           import a file, service or not
  $ intake keys create --store default    make a further API key

"intake <command> --help" tells all about a command.`

const program = new Command('intake')
  .description('Imports subscription data in bulk: JSON Lines in, PostgreSQL rows and an exact report out.')
  .version(version(), '-v, --version', 'print the version')
  .addCommand(serveCommand())
  .addCommand(importCommand())
  .addCommand(storesCommand())
  .addCommand(organizationsCommand())
  .addCommand(keysCommand())
  .addCommand(webhooksCommand())
  .addCommand(doctorCommand())
  .addHelpText('after', HELP)
  .showHelpAfterError('Run "intake --help" for help.')

await program.parseAsync()
