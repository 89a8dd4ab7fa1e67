import { Ajv, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { isStorableText } from '../text/text.js'
import { whyNotEmail } from './email.js'
import { limitsOf } from './limits.js'
import type { Problem } from './problem.js'
import { type Predicate, predicate, toProblems } from './sentences.js'
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
  // Of the forms that `oneOf` lists, the one that a property names is validated, and not each of them.
  discriminator: true,
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

// What our schemas say beside JSON Schema: an attribute's kind, and the form that a pattern asks for, in words.
ajv.addVocabulary(['x-kind', 'x-form'])

/**
 * Compiles a schema into a function that lists every problem of a value, in the words of contract 3 and 6. It takes out of
 * the value what is too long to be looked at, and what `additionalProperties: false` does not let in.
 *
 * @param words what a value is not, where they are others than for JSON.
 */
export function compile(schema: TSchema, words: Predicate = predicate): (value: unknown) => Problem[] {
  const validate: ValidateFunction = ajv.compile(schema)
  const takeOutOverfull = limitsOf(schema)
  return (value) => {
    const overfull = takeOutOverfull(value)
    const problems = validate(value) ? [] : toProblems(validate.errors ?? [], words)
    if (overfull.length === 0) return problems
    // What was taken out is not missing.
    const taken = new Set(overfull.map(({ field }) => field))
    return [...overfull, ...problems.filter(({ field }) => !taken.has(field))]
  }
}
