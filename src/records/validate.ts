import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { TSchema } from 'typebox'
import { quotable } from '../invisible.js'
import { absenceOf, isObject } from '../schema/absent.js'
import { whyNotEmail } from '../schema/email.js'
import { escapedUri } from '../schema/uri.js'
import { UUID_PATTERN } from './attributes.js'
import type { RecordType, Reference } from './record-type.js'

/** What is wrong with one field: its path (`price.USD.amount`, `plans[1]`; empty: the whole), and a sentence without a full stop. */
export interface Problem {
  readonly field: string
  readonly error: string
}

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
  // Of `uuid` the package takes `urn:uuid:…` as well, which the column does not.
  formats: { text: isStorableText, uuid: UUID_PATTERN },
})
// The package's types are CommonJS's; at run time the default export is the function itself.
;(addFormats as unknown as typeof addFormats.default)(ajv, ['uri'])
const { uri } = ajv.formats
if (typeof uri !== 'function') throw new Error('ajv-formats has no plain format "uri"')
const isUri = (value: string): boolean => uri(value) === true
ajv.addFormat('uri', (value: string) => value.length > LONGEST_FORMATTED || isUri(value))
// JSON Schema's name for an address by RFC 6531.
ajv.addFormat(
  'idn-email',
  (value: string) => value.length > LONGEST_FORMATTED || whyNotEmail(value) === undefined,
)

/** PostgreSQL's `text` holds no U+0000, and UTF-8 no unpaired surrogate (contract 7). */
export function isStorableText(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed()
}

/** Compiles a schema into a function that lists every problem of a value, in the words of contract 3 and 6. */
export function compile(schema: TSchema): (value: unknown) => Problem[] {
  const validate: ValidateFunction = ajv.compile(schema)
  return (value) => (validate(value) ? [] : withoutRepetition(validate.errors ?? []).flatMap(toProblem))
}

/** A value that is none of those allowed is often of another type as well. The list of what is allowed says both. */
function withoutRepetition(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const listed = new Set(
    errors.flatMap(({ keyword, instancePath }) => (keyword === 'enum' ? instancePath : [])),
  )
  return errors.filter(({ keyword, instancePath }) => keyword !== 'type' || !listed.has(instancePath))
}

function toProblem(error: ErrorObject): Problem[] {
  const field = pathOf(error.instancePath)
  const { keyword, params } = error
  switch (keyword) {
    case 'required': {
      const missing = field === '' ? params.missingProperty : `${field}.${params.missingProperty}`
      return [{ field: missing, error: `"${missing}" is required` }]
    }
    case 'propertyNames':
      return [
        {
          field: `${field}.${excerpt(params.propertyName)}`,
          error: `"${excerpt(params.propertyName)}" is not a currency code of three capital letters`,
        },
      ]
    default: {
      // The pattern of a property name, which `propertyNames` above says better.
      if (error.propertyName !== undefined) return []
      return [{ field, error: `${field === '' ? 'the value' : field} ${predicate(error)}` }]
    }
  }
}

const formats: Readonly<Record<string, string>> = {
  uuid: 'must be a UUID',
  uri: 'must be an absolute URI',
  text: 'must not contain U+0000 or an unpaired surrogate',
}

const types: Readonly<Record<string, string>> = {
  string: 'must be a text',
  integer: 'must be a whole number',
  number: 'must be a number',
  boolean: 'must be true or false',
  object: 'must be an object',
  array: 'must be a list',
}

function predicate({ keyword, params, message, data }: ErrorObject): string {
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
      return `must be one of ${params.allowedValues.join(', ')}`
    case 'format':
      return formatPredicate(params.format, String(data))
    case 'type':
      return typePredicate(params.type, data)
    default:
      return message ?? `does not fulfil ${keyword}`
  }
}

function formatPredicate(format: string, value: string): string {
  if (format === 'idn-email') return whyNotEmail(value) ?? 'must be an e-mail address'
  const escaped = format === 'uri' ? escapedUri(value, isUri) : undefined
  if (escaped !== undefined) return `must be escaped: ${escaped}`
  return formats[format] ?? `must be of the format ${format}`
}

const NUMBER = /^-?\d+(\.\d+)?$/
const UNQUOTED: Readonly<Record<string, RegExp>> = {
  integer: NUMBER,
  number: NUMBER,
  boolean: /^(true|false)$/,
}

/** Says what is due, and how it is written where the value looks right to a person: `"12"`, `true`, `null`. */
function typePredicate(type: string, value: unknown): string {
  const due = types[type] ?? `must be of the type ${type}`
  // What a double cannot hold comes as one of the two (see `parseJson`).
  if (value === Number.POSITIVE_INFINITY) return 'is a number too large to be stored'
  if (value === Number.NEGATIVE_INFINITY) {
    return type === 'number' ? 'cannot be stored exactly; a number may have 15 significant digits' : due
  }
  if (value === null) return `${due}, not null`
  if (typeof value === 'string' && UNQUOTED[type]?.test(value)) return `${due}, without quotes`
  if (type === 'string' && typeof value !== 'object') return `${due}, in quotes`
  return due
}

/** A JSON Pointer (RFC 6901) as a person writes it: `/price/USD/amount` → `price.USD.amount`. */
function pathOf(pointer: string): string {
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')
}

/**
 * The beginning of a caller's text for a sentence: at most 100 UTF-16 units of it, with what nobody sees named
 * (`<U+FEFF>`), and so storable.
 */
export function excerpt(text: string): string {
  if (text.length <= 100) return quotable(text)
  const beginning = text.slice(0, 100).replace(CUT_PAIR, '')
  return `${quotable(beginning)}…`
}

/** The first half of a pair of surrogates, whose other half was cut off. */
const CUT_PAIR = /[\ud800-\udbff]$/

type Attributes = Record<string, unknown>
interface Compiled {
  readonly validate: (attributes: unknown) => Problem[]
  readonly removeAbsent: (attributes: Attributes) => void
  /** The names of the attributes that are maps with open keys: prices. */
  readonly maps: readonly string[]
}

const compiled = new Map<TSchema, Compiled>()

function compiledOf({ attributes: schema, columns }: RecordType): Compiled {
  let found = compiled.get(schema)
  if (!found) {
    const maps = columns.flatMap(({ type, name }) => (type === 'jsonb' ? name : []))
    found = { validate: compile(schema), removeAbsent: absenceOf(schema), maps }
    compiled.set(schema, found)
  }
  return found
}

/**
 * Lists what is wrong with a record's attributes (contract 8); none: they are valid. What counts as absent is removed
 * from `attributes`: an optional attribute that is `null`, at any depth, and an empty `external_ref`.
 */
export function validateRecord(recordType: RecordType, attributes: unknown): Problem[] {
  if (attributes === undefined) return [{ field: '', error: '"attributes" is required' }]
  if (!isObject(attributes)) return [{ field: '', error: 'attributes must be an object' }]
  const problems: Problem[] = []
  for (const problem of attributeProblems(recordType, attributes)) addProblem(problems, problem)
  for (const reference of recordType.references) {
    validateReferences(reference, attributes[reference.attribute], problems)
  }
  return problems
}

/** A line of a megabyte has room for half a million mistakes. Nobody reads them, and a report has to stay one. */
export const MAX_PROBLEMS = 1000

/** Adds to the problems of one record; in place of those beyond the thousandth, one that says that there are more. */
export function addProblem(problems: Problem[], problem: Problem): void {
  if (problems.length < MAX_PROBLEMS) problems.push(problem)
  else if (problems.length === MAX_PROBLEMS) {
    problems.push({ field: '', error: `the record has more than these ${MAX_PROBLEMS} problems` })
  }
}

/** Lists what is wrong with attributes in themselves, references aside. */
function attributeProblems(recordType: RecordType, attributes: Attributes): Problem[] {
  const { validate, removeAbsent, maps } = compiledOf(recordType)
  const overfull = maps.filter((name) => isOverfull(attributes[name]))
  // ajv would have an error or more for each of a million keys, before anybody could say that it is enough.
  for (const name of overfull) delete attributes[name]
  removeAbsent(attributes)
  const problems = validate(attributes)
  if (overfull.length === 0) return problems
  const most = `must have at most ${CURRENCY_CODES} currencies`
  return [...overfull.map((name) => ({ field: name, error: `${name} ${most}` })), ...problems]
}

/** So many codes there are of three capital letters. */
const CURRENCY_CODES = 26 ** 3

/** Whether a price map has more keys than there are currency codes. */
const isOverfull = (map: unknown): boolean => isObject(map) && Object.keys(map).length > CURRENCY_CODES

/** The most snapshots of a kind that a record holds (contract 8). */
export const MAX_SNAPSHOTS = 1000

/** The sentence about a list that would be more than that. */
export const tooManyElements = (attribute: string): string =>
  `${attribute} must not have more than ${MAX_SNAPSHOTS} elements`

function validateReferences({ attribute, to }: Reference, elements: unknown, problems: Problem[]): void {
  const at = (field: string, error: string) => addProblem(problems, { field, error })
  if (elements === undefined) at(attribute, `"${attribute}" is required`)
  else if (!Array.isArray(elements)) at(attribute, `${attribute} must be a list`)
  else if (elements.length === 0) at(attribute, `${attribute} must name at least one ${to.noun}`)
  // The elements of a list that is too long are not looked at: a line of a megabyte has room for 140,000.
  else if (elements.length > MAX_SNAPSHOTS) at(attribute, tooManyElements(attribute))
  else {
    for (const [index, element] of elements.entries()) {
      validateElement(to, `${attribute}[${index}]`, element, problems)
      if (problems.length > MAX_PROBLEMS) break
    }
  }
}

function validateElement(to: RecordType, field: string, element: unknown, problems: Problem[]): void {
  if (element === '') {
    // An external_ref that is empty is none (contract 7), so nothing has it.
    addProblem(problems, { field, error: `${field} must not be empty, but ${identifies(to)}` })
  } else if (typeof element === 'string') {
    if (!isStorableText(element)) addProblem(problems, { field, error: `${field} ${formats.text}` })
  } else if (isObject(element)) {
    for (const problem of attributeProblems(to, element)) addProblem(problems, within(field, problem))
  } else {
    addProblem(problems, { field, error: `${field} must be ${identifies(to)}` })
  }
}

const identifies = ({ noun }: RecordType): string =>
  `the id or external_ref of a ${noun}, or an object with its attributes`

/** A problem of an inner object, told from without: `"name" is required` at `products[1]` → `"products[1].name" is required`. */
function within(field: string, problem: Problem): Problem {
  const path = `${field}.${problem.field}`
  return { field: path, error: problem.error.replace(problem.field, () => path) }
}
