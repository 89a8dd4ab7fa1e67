#!/usr/bin/env node
import { Command } from 'commander'
import { serveCommand } from './cli/serve.js'

const program = new Command('intake')
  .description('Imports subscription data in bulk: JSON Lines in, PostgreSQL rows and an exact report out.')
  .addCommand(serveCommand())

await program.parseAsync()
