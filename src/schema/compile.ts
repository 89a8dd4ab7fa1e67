import { Ajv, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { isStorableText } from '../text.js'
import { whyNotEmail } from './email.js'
import type { Problem } from './problem.js'
import { toProblems } from './sentences.js'
import { isUri } from './uri.js'
import { UUID_PATTERN } from './uuid.js'

/**
 * Texts longer than any that has a format may be are not tried, since a regular expression may take quadratic time on a
 * megabyte. They are wrong by their length already, which is all that is said of them.
 */
const LONGEST_FORMATTED = 4096

const ajv = new Ajv({
  allErrors: true,
  strict: true,
  // Errors carry the value that is wrong, so that a sentence can say what it is.
  verbose: true,
  allowUnionTypes: true,
  // Takes out, where a schema has `additionalProperties: false`, what it does not know.
  removeAdditional: true,
  formats: {
    text: isStorableText,
    uuid: UUID_PATTERN,
    uri: (value: string) => value.length > LONGEST_FORMATTED || isUri(value),
    // JSON Schema's name for an address by RFC 6531.
    'idn-email': (value: string) => value.length > LONGEST_FORMATTED || whyNotEmail(value) === undefined,
  },
})

/** Compiles a schema into a function that lists every problem of a value, in the words of contract 3 and 6. */
export function compile(schema: TSchema): (value: unknown) => Problem[] {
  const validate: ValidateFunction = ajv.compile(schema)
  return (value) => (validate(value) ? [] : toProblems(validate.errors ?? []))
}
