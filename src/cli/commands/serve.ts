import { once } from 'node:events'
import { Command, Option } from 'commander'
import type { Config } from '../../config/config.js'
import { readConfig } from '../../config/read-config.js'
import { settings } from '../../config/settings.js'
import { type Announcement, startService } from '../../service.js'
import { fail } from '../terminal/fail.js'
import { firstSignal } from '../terminal/signals.js'

/** `intake serve`: the service in the foreground, until a signal ends it. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description(
      'run the service: API and worker, with the embedded PostgreSQL or the database at DATABASE_URL',
    )
    // Its flags are long: without this, a terminal of 80 columns would break the lines anywhere.
    .configureHelp({ minWidthToWrap: 30 })
    .action(async (flags: Partial<Record<keyof Config, string>>) => {
      await serve(flags).catch(fail)
    })
  for (const { variable, flag, placeholder, description, default: preset, isSwitch } of settings) {
    const note = preset === undefined || isSwitch ? '' : `, default: ${preset}`
    const text = `${description} (environment: ${isSwitch ? `${variable}=true` : variable}${note})`
    const option = new Option(isSwitch ? flag : `${flag} ${placeholder}`, text)
    command.addOption(isSwitch ? option.preset('true') : option)
  }
  return command
}

/** The longest a stop may take; the rest is given up. A supervisor may send SIGKILL after 10 seconds. */
const STOP_MS = 9000

async function serve(flags: Partial<Record<keyof Config, string>>): Promise<void> {
  const config = readConfig(flags, process.env)
  // It does not matter whether anybody reads what we print.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
  const signal = firstSignal()
  signal.addEventListener('abort', limitStop)
  const announce = announcer()
  const service = await startService(config, { signal, onAway: announce }).catch((error: unknown) => {
    // A start that was interrupted has left nothing running.
    if (signal.aborted) process.exit(0)
    throw error
  })
  if (!signal.aborted) {
    announce(service)
    await once(signal, 'abort')
  }
  await service.stop()
  process.exit(0)
}

/**
 * Prints each line once: a service that waited for its database has printed them already, unless the key was
 * revoked.
 */
function announcer(): (announcement: Announcement) => void {
  const printed = new Set<string>()
  return ({ url, apiKey }) => {
    // The key is in the fragment, which browsers do not send.
    const ofApi = (key: string) => [`API key: ${key}\n`, `console: ${url}/#key=${encodeURIComponent(key)}\n`]
    for (const line of [`listening on ${url}\n`, ...(apiKey === undefined ? [] : ofApi(apiKey))]) {
      if (!printed.has(line)) process.stdout.write(line)
      printed.add(line)
    }
  }
}

function limitStop(): void {
  setTimeout(() => {
    process.stderr.write(
      `intake: The stop was cut short after ${STOP_MS / 1000} s. Nothing is lost: the next start resumes from what was committed.\n`,
    )
    process.exit(1)
  }, STOP_MS)
}
