import { readFileSync } from 'node:fs'
import { PACKAGE_JSON } from './beside.js'

/** The version of this program, as its package.json has it. */
export function version(): string {
  const text = readFileSync(PACKAGE_JSON, 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
