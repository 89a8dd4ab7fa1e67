import type { TSchema } from 'typebox'
import { isObject } from '../json/parse.js'
import { absenceOf } from '../schema/absent.js'
import { compile } from '../schema/compile.js'
import { given } from '../schema/given.js'
import { tooManyItems } from '../schema/limits.js'
import { addProblem, MAX_PROBLEMS, type Problem, type ProblemCode } from '../schema/problem.js'
import { isRequired, NOT_STORABLE } from '../schema/sentences.js'
import { isStorableText, withArticle } from '../text/text.js'
import { type AttributesSchema, isWriteOnly } from './attribute-kinds.js'
import { givesContent, waysOf } from './content/content.js'
import { type InlineValidation, reselectionProblems, validateContent } from './content/validate.js'
import type { Content, RecordType, Reference } from './record-type.js'

type Attributes = Record<string, unknown>
interface Compiled {
  readonly validate: (attributes: unknown) => Problem[]
  readonly removeAbsent: (attributes: Attributes) => void
}

const compiled = new Map<TSchema, Compiled>()

function compiledOf({ attributes: schema }: RecordType): Compiled {
  let found = compiled.get(schema)
  if (!found) {
    found = { validate: compile(schema), removeAbsent: absenceOf(schema) }
    compiled.set(schema, found)
  }
  return found
}

/**
 * Lists what is wrong with a record's attributes (contract 8); an empty list means that they are valid. What
 * counts as absent is removed from `attributes`: an optional attribute that is `null`, at any depth, and an
 * empty `external_ref`.
 */
export function validateRecord(recordType: RecordType, attributes: unknown): Problem[] {
  if (attributes === undefined) return [{ ...isRequired('attributes'), field: '' }]
  if (!isObject(attributes)) return [NO_OBJECT]
  const problems: Problem[] = []
  for (const problem of attributeProblems(recordType, attributes)) addProblem(problems, problem)
  for (const reference of recordType.references) {
    validateReferences(reference, attributes[reference.attribute], problems)
  }
  const { rules, content } = recordType
  for (const problem of rules?.(attributes) ?? []) addProblem(problems, problem)
  if (content) validateContent(content, attributes, inlineValidation(content), problems)
  return problems.length === 0 ? problems : problems.map(withoutSecret(recordType))
}

/** Reports do not show what stood in an attribute that is only written (contract 8). */
const withoutSecret =
  ({ attributes: { properties } }: RecordType) =>
  (problem: Problem): Problem => {
    const [, name = ''] = /^([^.[]*)/.exec(problem.field) ?? []
    const schema = properties[name]
    return schema && isWriteOnly(schema) ? { ...problem, value: undefined } : problem
  }

/**
 * Lists what is wrong with attributes that change a record in part, whatever the record is. What counts as
 * absent is removed from them, but for lists that are cleared.
 *
 */
export function validatePart(recordType: RecordType, attributes: unknown): Problem[] {
  if (!isObject(attributes)) return [NO_OBJECT]
  const { attributes: schema, references, content } = recordType
  compiledOf(recordType).removeAbsent(attributes)
  const problems = compiledOf({ ...recordType, attributes: optionalOf(schema) }).validate(attributes)
  for (const reference of references) {
    if (Object.hasOwn(attributes, reference.attribute)) {
      validateReferences(reference, attributes[reference.attribute], problems)
    }
  }
  if (content) partOfContent(content, attributes, problems)
  return problems.map(withoutSecret(recordType))
}

function partOfContent(content: Content, attributes: Attributes, problems: Problem[]): void {
  for (const name of Object.values(waysOf(content))) if (attributes[name] === null) delete attributes[name]
  if (!givesContent(content, attributes)) {
    for (const problem of reselectionProblems(content, attributes)) addProblem(problems, problem)
  } else if (attributes[content.currency] !== undefined) {
    validateContent(content, attributes, inlineValidation(content), problems)
  }
}

const optional = new Map<AttributesSchema, AttributesSchema>()

/** The same attributes, of which none is required. */
function optionalOf(schema: AttributesSchema): AttributesSchema {
  let found = optional.get(schema)
  if (!found) {
    found = { ...schema, required: [] }
    optional.set(schema, found)
  }
  return found
}

/** Inline records are validated as elements of lists are, but for texts, which name other records. */
const inlineValidation = ({ to, holds }: Content): InlineValidation => ({
  record(attribute, value, problems) {
    if (isObject(value)) validateElement(to, attribute, value, problems)
    else addProblem(problems, wrongType(attribute, 'must be an object', value))
  },
  list(attribute, value, problems) {
    const held = holds.find((one) => one.attribute === attribute)
    if (held) validateReferences(held, value, problems, validateInlineElement)
  },
})

function validateInlineElement(to: RecordType, field: string, element: unknown, problems: Problem[]): void {
  if (isObject(element)) validateElement(to, field, element, problems)
  else {
    const must = `must be an object with ${withArticle(to.noun)}'s attributes`
    addProblem(problems, wrongType(field, must, element))
  }
}

/** Lists what is wrong with attributes by themselves, without references. */
function attributeProblems(recordType: RecordType, attributes: Attributes): Problem[] {
  const { validate, removeAbsent } = compiledOf(recordType)
  removeAbsent(attributes)
  return validate(attributes)
}

/** The most snapshots of a kind that a record holds (contract 8). */
export const MAX_SNAPSHOTS = 1000

/** The sentence about a list that would exceed that. */
export const tooManyElements = (attribute: string): string => `${attribute} ${tooManyItems(MAX_SNAPSHOTS)}`

function validateReferences(
  { attribute, to, optional = false }: Reference,
  elements: unknown,
  problems: Problem[],
  validate = validateElement,
): void {
  const at = (code: ProblemCode, error: string) =>
    addProblem(problems, { code, field: attribute, error, value: given(elements) })
  if (optional && isNone(elements)) return
  if (elements === undefined) addProblem(problems, isRequired(attribute))
  else if (!Array.isArray(elements)) at('wrong_type', `${attribute} must be a list`)
  else if (elements.length === 0) at('too_few', `${attribute} must name at least one ${to.noun}`)
  // The elements of a list that is too long are not examined: a line of a megabyte has room for 140,000.
  else if (elements.length > MAX_SNAPSHOTS) at('too_many', tooManyElements(attribute))
  else {
    for (const [index, element] of elements.entries()) {
      validate(to, `${attribute}[${index}]`, element, problems)
      if (problems.length > MAX_PROBLEMS) break
    }
  }
}

const isNone = (elements: unknown): boolean =>
  elements === undefined || elements === null || (Array.isArray(elements) && elements.length === 0)

function validateElement(to: RecordType, field: string, element: unknown, problems: Problem[]): void {
  if (element === '') {
    // An empty external_ref is none (contract 7), so nothing has it.
    const error = `${field} must not be empty, but ${identifies(to)}`
    addProblem(problems, { code: 'too_short', field, error, value: element })
  } else if (typeof element === 'string') {
    if (isStorableText(element)) return
    const error = `${field} ${NOT_STORABLE}`
    addProblem(problems, { code: 'not_storable', field, error, value: given(element) })
  } else if (isObject(element)) {
    for (const problem of attributeProblems(to, element)) addProblem(problems, within(field, problem))
  } else {
    addProblem(problems, wrongType(field, `must be ${identifies(to)}`, element))
  }
}

/** The problem of attributes that are no object. */
export const NO_OBJECT: Problem = { code: 'wrong_type', field: '', error: 'attributes must be an object' }

const wrongType = (field: string, must: string, value: unknown): Problem => ({
  code: 'wrong_type',
  field,
  error: `${field} ${must}`,
  value: given(value),
})

const identifies = ({ noun }: RecordType): string =>
  `the id or external_ref of a ${noun}, or an object with its attributes`

/**
 * A problem of an inner object, seen from outside: `"name" is required` at `products[1]` →
 * `"products[1].name" is required`.
 */
function within(field: string, problem: Problem): Problem {
  const path = `${field}.${problem.field}`
  return { ...problem, field: path, error: problem.error.replace(problem.field, () => path) }
}
