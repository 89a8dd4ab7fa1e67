import { Ajv, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { isStorableText } from '../text/text.js'
import { whyNotEmail } from './email.js'
import { limitsOf } from './limits.js'
import type { Problem } from './problem.js'
import { type Predicate, predicate, toProblems } from './sentences.js'
import { toUtc } from './time.js'
import { isUri } from './uri.js'
import { UUID_PATTERN } from './uuid.js'

/**
 * Texts longer than any format allows are not matched, since a regular expression may take quadratic time on
 * a megabyte. Their length alone makes them wrong, and is all that is reported.
 */
const LONGEST_FORMATTED = 4096

const ajv = new Ajv({
  allErrors: true,
  strict: true,
  // Errors include the wrong value, so that a sentence can quote it.
  verbose: true,
  allowUnionTypes: true,
  // Of the forms in `oneOf`, only the one that a property names is validated.
  discriminator: true,
  // Removes unknown properties if a schema has `additionalProperties: false`.
  removeAdditional: true,
  formats: {
    text: isStorableText,
    uuid: UUID_PATTERN,
    'date-time': (value: string) => toUtc(value) !== undefined,
    uri: (value: string) => value.length > LONGEST_FORMATTED || isUri(value),
    // JSON Schema's name for an address by RFC 6531.
    'idn-email': (value: string) => value.length > LONGEST_FORMATTED || whyNotEmail(value) === undefined,
  },
})

// Our additions to JSON Schema: an attribute's kind, the form that a pattern requires, in words, the booleans
// that explain a status, and what a list can be filtered by.
ajv.addVocabulary(['x-kind', 'x-form', 'x-explained-by', 'x-filters'])

/**
 * Compiles a schema into a function that lists every problem of a value, in the words of contract 3 and 6. It
 * removes from the value what is too long to be examined, and what `additionalProperties: false` does not
 * allow.
 *
 * @param words what a value is not, if the words differ from those for JSON.
 */
export function compile(schema: TSchema, words: Predicate = predicate): (value: unknown) => Problem[] {
  // Compiled when it is first needed: those of all routes would take a sixth of a start.
  let validate: ValidateFunction | undefined
  const takeOutOverfull = limitsOf(schema)
  return (value) => {
    validate ??= ajv.compile(schema)
    const overfull = takeOutOverfull(value)
    const problems = validate(value) ? [] : toProblems(validate.errors ?? [], words)
    if (overfull.length === 0) return problems
    // What was removed is not missing.
    const taken = new Set(overfull.map(({ field }) => field))
    return [...overfull, ...problems.filter(({ field }) => !taken.has(field))]
  }
}
