import { isUtf8 } from 'node:buffer'
import { type ImportOptions, ON_CONFLICT, type OnConflict } from '../../imports/import.js'
import type { Problem } from '../../schema/problem.js'
import { NOT_STORABLE } from '../../schema/sentences.js'
import { isStorableText } from '../../text.js'

/** What comes with a file: fields of the form, or parameters of the query (contract 6). */
export const OPTION_NAMES = ['external_ref', 'dry_run', 'on_conflict'] as const
export type OptionName = (typeof OPTION_NAMES)[number]

export interface Options extends ImportOptions {
  readonly externalRef: string | undefined
}

const MAX_REF_CHARACTERS = 2048

/** UTF-8 has four bytes a code point at most; one more is enough to see that the text is too long. */
export const MAX_OPTION_BYTES = MAX_REF_CHARACTERS * 4 + 1

export const isOptionName = (name: string): name is OptionName =>
  (OPTION_NAMES as readonly string[]).includes(name)

/** Reads the bytes of a form's field. Returns the text, or what is wrong with it. */
export function readField(name: OptionName, bytes: Buffer): string | Problem {
  if (bytes.length === MAX_OPTION_BYTES) return tooLong(name)
  return isUtf8(bytes) ? bytes.toString('utf8') : { field: name, error: `${name} must be valid UTF-8` }
}

const tooLong = (name: OptionName): Problem => ({
  field: name,
  error: `${name} must be at most ${MAX_REF_CHARACTERS} characters`,
})

/** Reads the options, and adds to the problems what is wrong with them. An empty one counts as absent: forms send such. */
export function readOptions(given: ReadonlyMap<OptionName, string>, problems: Problem[]): Options {
  const of = (name: OptionName) => given.get(name) || undefined
  return {
    externalRef: readRef(of('external_ref'), problems),
    dryRun: oneOf('dry_run', of('dry_run'), ['false', 'true'], problems) === 'true',
    onConflict: oneOf<OnConflict>('on_conflict', of('on_conflict'), ON_CONFLICT, problems),
  }
}

function readRef(ref: string | undefined, problems: Problem[]): string | undefined {
  if (ref === undefined) return undefined
  if ([...ref].length > MAX_REF_CHARACTERS) problems.push(tooLong('external_ref'))
  else if (!isStorableText(ref)) {
    problems.push({ field: 'external_ref', error: `external_ref ${NOT_STORABLE}` })
  } else return ref
  return undefined
}

/** One of some texts; the first of them where none is given. */
function oneOf<Value extends string>(
  name: OptionName,
  given: string | undefined,
  values: readonly [Value, ...Value[]],
  problems: Problem[],
): Value {
  const found = given === undefined ? values[0] : values.find((value) => value === given)
  if (found === undefined)
    problems.push({ field: name, error: `${name} must be one of ${values.join(', ')}` })
  return found ?? values[0]
}
