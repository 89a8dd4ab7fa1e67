import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { settings } from '../../src/config/settings.js'
import { type Instruction, stagesOf } from '../support/dockerfile.js'

export const folder = join(import.meta.dirname, '../../deploy')

/** What is in a file of `deploy/`: each YAML document, with its aliases resolved. */
// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what shape it expects
export async function readYaml(name: string): Promise<any[]> {
  const text = await readFile(join(folder, name), 'utf8')
  return parseAllDocuments(text, { merge: true, strict: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]
    return document.toJS()
  })
}

/** The last stage of the Dockerfile: the image. */
export const imageOf = async (): Promise<readonly Instruction[]> =>
  (await stagesOf(join(folder, 'Dockerfile'))).at(-1) ?? []

/** The variables of the image that a container starts with. */
export async function imageEnvironment(): Promise<Record<string, string>> {
  const set = (await imageOf()).filter(({ name }) => name === 'ENV')
  return Object.fromEntries(set.map(({ value }) => value.split(/=(.*)/s).slice(0, 2)))
}

/** What the AWS SDK takes from its environment; see docs/operations/s3.md. */
const OF_AWS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
]

/** The variables that a process of intake understands. */
export const UNDERSTOOD: readonly string[] = [
  ...settings.map(({ variable }) => variable),
  ...OF_AWS,
  'NODE_OPTIONS',
]
