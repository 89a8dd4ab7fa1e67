import { type Config, ConfigError } from './config.js'
import { settings } from './settings.js'

/**
 * Reads the settings: a flag wins over its environment variable, and that over the default. An empty variable
 * counts as unset.
 *
 * @throws ConfigError, naming the setting and what it takes.
 */
export function readConfig(
  flags: Readonly<Partial<Record<keyof Config, string>>>,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const config: Partial<Record<keyof Config, string | number | boolean | undefined>> = {}
  for (const { key, variable, flag, parse, default: preset } of settings) {
    const fromFlag = flags[key]
    const given = fromFlag ?? (environment[variable] || preset)
    try {
      config[key] = given === undefined ? undefined : parse(given)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const shown = key === 'apiKey' || key === 'databaseUrl' ? '' : `; it is "${given}"`
      throw new ConfigError(`${fromFlag === undefined ? variable : flag} ${error.message}${shown}.`)
    }
  }
  if (config.apiOnly && config.workerOnly)
    throw new ConfigError('API_ONLY and WORKER_ONLY exclude each other: set one of them, or neither.')
  return Object.freeze(config) as unknown as Config
}
