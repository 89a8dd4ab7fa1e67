import type { ErrorObject } from 'ajv'
import { excerpt } from '../text/text.js'
import { whyNotEmail } from './email.js'
import { given } from './given.js'
import { tooManyItems, tooManyProperties } from './limits.js'
import type { Problem, ProblemCode } from './problem.js'
import { escapedUri } from './uri.js'

/** Says what a value is not, without naming it: `must be a whole number`. */
export type Predicate = (error: ErrorObject) => string

/** The problems found by a failed validation, each once. */
export const toProblems = (errors: readonly ErrorObject[], words: Predicate): Problem[] =>
  withoutRepetition(errors).flatMap((error) => toProblem(error, words))

/**
 * A value that is not one of those allowed often also has the wrong type. The list of allowed values says
 * both.
 */
function withoutRepetition(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const listed = new Set(
    errors.flatMap(({ keyword, instancePath }) => (keyword === 'enum' ? instancePath : [])),
  )
  return errors.filter(({ keyword, instancePath }) => keyword !== 'type' || !listed.has(instancePath))
}

function toProblem(error: ErrorObject, words: Predicate): Problem[] {
  const field = pathOf(error.instancePath)
  const { keyword, params } = error
  switch (keyword) {
    case 'required': {
      const missing = field === '' ? params.missingProperty : `${field}.${params.missingProperty}`
      return [isRequired(missing)]
    }
    case 'discriminator':
      return [discriminatorProblem(field, error)]
    case 'propertyNames':
      return [
        {
          code: 'wrong_format',
          field: `${field}.${excerpt(params.propertyName)}`,
          error: `"${excerpt(params.propertyName)}" is not a currency code of three capital letters`,
          value: given(params.propertyName),
        },
      ]
    default: {
      // The pattern of a property name, for which `propertyNames` above has a better sentence.
      if (error.propertyName !== undefined) return []
      const sentence = `${field === '' ? 'the value' : field} ${words(error)}`
      return [{ code: codeOf(error), field, error: sentence, value: given(error.data) }]
    }
  }
}

/** The property that distinguishes the forms of an object is missing, or names none of them. */
function discriminatorProblem(field: string, { params, parentSchema }: ErrorObject): Problem {
  const { tag, tagValue } = params
  const path = field === '' ? tag : `${field}.${tag}`
  if (tagValue === undefined) return isRequired(path)
  const forms = parentSchema?.oneOf as readonly { readonly properties: Record<string, { enum: string[] }> }[]
  const names = forms.flatMap(({ properties }) => properties[tag]?.enum ?? [])
  return { code: 'not_one_of', field: path, error: `${path} ${mustBeOneOf(names)}`, value: given(tagValue) }
}

/** The problem of a field that is missing. */
export const isRequired = (field: string): Problem => ({
  code: 'required',
  field,
  error: `"${field}" is required`,
})

const codes: Readonly<Record<string, ProblemCode>> = {
  minLength: 'too_short',
  maxLength: 'too_long',
  minimum: 'out_of_range',
  maximum: 'out_of_range',
  enum: 'not_one_of',
  minItems: 'too_few',
  maxItems: 'too_many',
  maxProperties: 'too_many',
  type: 'wrong_type',
}

function codeOf({ keyword, params, data }: ErrorObject): ProblemCode {
  if (keyword === 'format' && params.format === 'text') return 'not_storable'
  // What a double cannot hold is parsed as one of these two (see `parseJson`).
  if (keyword === 'type' && data === Number.POSITIVE_INFINITY) return 'out_of_range'
  if (keyword === 'type' && data === Number.NEGATIVE_INFINITY && params.type === 'number') return 'not_exact'
  return codes[keyword] ?? 'wrong_format'
}

const mustBeOneOf = (values: readonly string[]): string => `must be one of ${values.join(', ')}`

/** What is wrong with a text that is not storable. */
export const NOT_STORABLE = 'must not contain U+0000 or an unpaired surrogate'

const formats: Readonly<Record<string, string>> = {
  uuid: 'must be a UUID',
  uri: 'must be an absolute URI',
  'date-time': 'must be a time by RFC 3339, such as 2026-01-31T12:00:00Z',
  text: NOT_STORABLE,
}

const types: Readonly<Record<string, string>> = {
  string: 'must be a text',
  integer: 'must be a whole number',
  number: 'must be a number',
  boolean: 'must be true or false',
  object: 'must be an object',
  array: 'must be a list',
}

/** The words for a value in JSON. */
export function predicate({ keyword, params, parentSchema, message, data }: ErrorObject): string {
  switch (keyword) {
    case 'minLength':
      return `must be at least ${params.limit} characters`
    case 'maxLength':
      return `must be at most ${params.limit} characters`
    case 'minimum':
      return `must be at least ${params.limit}`
    case 'maximum':
      return `must be at most ${params.limit}`
    case 'enum':
      return mustBeOneOf(params.allowedValues)
    case 'minItems':
      return `must have at least ${params.limit} ${params.limit === 1 ? 'element' : 'elements'}`
    case 'maxItems':
      return tooManyItems(params.limit)
    case 'maxProperties':
      return tooManyProperties(params.limit)
    case 'pattern':
      return `must be ${parentSchema?.['x-form'] ?? `of the form ${params.pattern}`}`
    case 'format':
      return formatPredicate(params.format, String(data))
    case 'type':
      return typePredicate(params.type, data)
    default:
      return message ?? `does not fulfil ${keyword}`
  }
}

/** The words for a parameter of a path or query. It is a text, so quotes cannot be wrong about a number. */
export function parameterPredicate(error: ErrorObject): string {
  const { type, minimum, maximum } = error.parentSchema ?? {}
  return type === 'integer' ? `must be a whole number ${rangeOf(minimum, maximum)}` : predicate(error)
}

function rangeOf(minimum: number, maximum: number | undefined): string {
  if (maximum === undefined) return `from ${minimum}`
  return maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`
}

function formatPredicate(format: string, value: string): string {
  if (format === 'idn-email') return whyNotEmail(value) ?? 'must be an e-mail address'
  const escaped = format === 'uri' ? escapedUri(value) : undefined
  if (escaped !== undefined) return `must be escaped: ${escaped}`
  return formats[format] ?? `must be of the format ${format}`
}

const NUMBER = /^-?\d+(\.\d+)?$/
const UNQUOTED: Readonly<Record<string, RegExp>> = {
  integer: NUMBER,
  number: NUMBER,
  boolean: /^(true|false)$/,
}

/**
 * Says what is expected, and how it is written if the value looks right to a person: `"12"`, `true`, `null`.
 */
export function typePredicate(type: string, value: unknown): string {
  const due = types[type] ?? `must be of the type ${type}`
  // What a double cannot hold is parsed as one of these two (see `parseJson`).
  if (value === Number.POSITIVE_INFINITY) return 'is a number too large to be stored'
  if (value === Number.NEGATIVE_INFINITY) {
    return type === 'number' ? 'cannot be stored exactly; a number may have 15 significant digits' : due
  }
  if (value === null) return `${due}, not null`
  if (typeof value === 'string' && UNQUOTED[type]?.test(value)) return `${due}, without quotes`
  if (type === 'string' && typeof value !== 'object') return `${due}, in quotes`
  return due
}

/** A JSON Pointer (RFC 6901) as a person writes it: `/plans/1/price/USD` → `plans[1].price.USD`. */
function pathOf(pointer: string): string {
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, step) => (/^\d+$/.test(step) && path !== '' ? `${path}[${step}]` : joined(path, step)), '')
}

const joined = (path: string, step: string): string => (path === '' ? step : `${path}.${step}`)
