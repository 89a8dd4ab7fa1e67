import { isUtf8 } from 'node:buffer'
import type { ImportOptions } from '../../../imports/import.js'
import { ON_CONFLICT } from '../../../imports/terms.js'
import { compileParameters } from '../../../schema/parameters.js'
import type { Problem } from '../../../schema/problem.js'
import { Type } from '../../../schema/type.js'
import { importParameters } from '../schemas.js'

/** The options of an import: fields of the form, or query parameters (contract 6). */
export const OPTION_NAMES = ['external_ref', 'dry_run', 'on_conflict', 'max_errors', 'fixes'] as const
export type OptionName = (typeof OPTION_NAMES)[number]

export interface Options extends ImportOptions {
  readonly externalRef: string | undefined
}

const MAX_REF_CHARACTERS = 2048

/** UTF-8 has at most four bytes per code point; one more is enough to see that the text is too long. */
export const MAX_OPTION_BYTES = MAX_REF_CHARACTERS * 4 + 1

export const isOptionName = (name: string): name is OptionName =>
  (OPTION_NAMES as readonly string[]).includes(name)

/** Reads the bytes of a form's field. Returns the text, or what is wrong with it. */
export function readField(name: OptionName, bytes: Buffer): string | Problem {
  if (bytes.length === MAX_OPTION_BYTES) {
    const error = `${name} must be at most ${MAX_REF_CHARACTERS} characters`
    return { code: 'too_long', field: name, error }
  }
  return isUtf8(bytes)
    ? bytes.toString('utf8')
    : { code: 'malformed', field: name, error: `${name} must be valid UTF-8` }
}

const readParameters = compileParameters(Type.Object(importParameters))

/**
 * Reads the options, and adds what is wrong with them to the problems. An empty one counts as absent, since
 * forms send those.
 */
export function readOptions(given: ReadonlyMap<OptionName, string>, problems: Problem[]): Options {
  const { values, problems: found } = readParameters(
    Object.fromEntries([...given].filter(([, value]) => value !== '')),
  )
  problems.push(...found)
  const { external_ref, dry_run, on_conflict = ON_CONFLICT[0], max_errors, fixes } = values
  return {
    externalRef: external_ref,
    dryRun: dry_run === 'true',
    onConflict: on_conflict,
    maxErrors: max_errors,
    fixes,
  }
}

/** Says which parts or parameters there are. */
export const takes = (names: readonly string[]): string =>
  `it takes ${names.map((name) => `"${name}"`).join(', ')}`
