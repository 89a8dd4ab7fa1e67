import { Command, Option } from 'commander'
import { type Config, readConfig, settings } from '../config.js'
import { startService } from '../service.js'
import { fail } from './fail.js'

/** `intake serve`: the service in the foreground, until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('run the service: API and worker, with the embedded PostgreSQL or the one of DATABASE_URL')
    .action(async (flags: Partial<Record<keyof Config, string>>) => {
      await serve(flags).catch(fail)
    })
  for (const { variable, flag, placeholder, description, default: preset } of settings) {
    const told = preset === undefined ? '' : `, default: ${preset}`
    command.addOption(
      new Option(`${flag} ${placeholder}`, `${description} (environment: ${variable}${told})`),
    )
  }
  return command
}

async function serve(flags: Partial<Record<keyof Config, string>>): Promise<void> {
  const config = readConfig(flags, process.env)
  const service = await startService(config)
  // From here on a signal stops the service; before, it ends the process as signals do.
  let stopping = false
  const stop = () => {
    // Who asks twice will not wait.
    if (stopping) process.exit(1)
    stopping = true
    service.stop().then(
      () => process.exit(0),
      (error) => fail(error),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.stdout.write(`listening on ${service.url}\nAPI key: ${service.apiKey}\n`)
}
