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

/** A signal so soon after another is the same Ctrl-C: from the terminal and from npm, which hands it on as well. */
const SAME_SIGNAL_MS = 1000

async function serve(flags: Partial<Record<keyof Config, string>>): Promise<void> {
  const config = readConfig(flags, process.env)
  let signalledAt: number | undefined
  let stop = () => {}
  // A signal during the start is obeyed once everything is there to be stopped in order.
  const onSignal = () => {
    if (signalledAt === undefined) stop()
    // Who asks again will not wait. The next start finds the database as it is left now.
    else if (Date.now() - signalledAt > SAME_SIGNAL_MS) process.exit(1)
    signalledAt ??= Date.now()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)

  const service = await startService(config)
  stop = () => {
    service.stop().then(() => process.exit(0), fail)
  }
  if (signalledAt !== undefined) return stop()
  const { url, apiKey } = service
  // The key is in the fragment, which browsers send to nobody.
  const console = `${url}/#key=${encodeURIComponent(apiKey)}`
  process.stdout.write(`listening on ${url}\nAPI key: ${apiKey}\nconsole: ${console}\n`)
}
