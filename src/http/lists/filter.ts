import sql, { join, raw, type Sql } from 'sql-template-tag'
import { isAnyOf } from '../../db/ref-key.js'
import { UUID_PATTERN } from '../../schema/uuid.js'
import { excerpt, isStorableText } from '../../text/text.js'
import { unparsableFilter } from '../errors.js'
import { toTimestamp } from './timestamp.js'

/**
 * The kinds of operands and operators of an attribute. `exact` is a text without `like`. `members` and
 * `member` are about the `external_ref`s of what a record holds: with `in` only, or with `eq` as well.
 */
export type AttributeKind =
  | 'text'
  | 'exact'
  | 'uuid'
  | 'time'
  | 'sha256'
  | 'integer'
  | 'members'
  | 'member'
  | { readonly oneOf: readonly string[] }

/** An attribute that a list can be filtered by: its kind and its SQL. */
export interface FilterAttribute {
  readonly kind: AttributeKind
  /** The column; unused if there is a `condition`. */
  readonly column: Sql
  /**
   * The SQL of a condition on something that is not a column of the list (`owner`, `external_product_refs`).
   */
  readonly condition?: (values: readonly string[]) => Sql
  /**
   * A query for how many of an owner's rows are found by `eq` or `in` of these values, if there is a quicker one than
   * to count them.
   */
  readonly count?: (values: readonly string[]) => ((ownerId: string) => Sql) | undefined
}

/** One condition of a filter. */
export interface FilterCondition {
  readonly attribute: string
  readonly values: readonly string[]
  readonly where: Sql
}

/** What a list is filtered by, as SQL. */
export interface Filter {
  readonly where: Sql
  /** The same, one by one. */
  readonly conditions: readonly FilterCondition[]
  /** A query for how many rows of an owner there are; absent: they are counted by `where`. */
  readonly count: ((ownerId: string) => Sql) | undefined
}

export type FilterAttributes = Readonly<Record<string, FilterAttribute>>

const OPERATORS = ['eq', 'in', 'like', 'gt', 'ge', 'lt', 'le', 'is_null'] as const
type Operator = (typeof OPERATORS)[number]

const MAX_CONDITIONS = 10
const MAX_BYTES = 8 * 1024

interface Condition {
  readonly operator: Operator
  readonly attribute: string
  readonly values: readonly string[]
}

/**
 * Reads the filters of a query (contract 5).
 *
 * @param given the values of `filter`: none, one, or several that all must hold. An empty one is ignored.
 * @returns undefined if there is nothing to filter by.
 * @throws HttpError 400
 */
export function readFilter(given: unknown, attributes: FilterAttributes): Filter | undefined {
  const texts = [given ?? []].flat().map(String).filter(Boolean)
  if (texts.length === 0) return undefined
  if (texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) > MAX_BYTES) {
    throw unparsableFilter(`it is longer than ${MAX_BYTES} bytes.`)
  }
  const conditions = texts.flatMap((text) => new FilterParser(text).parse())
  if (conditions.length > MAX_CONDITIONS) {
    throw unparsableFilter(`it has ${conditions.length} conditions, and ${MAX_CONDITIONS} are allowed.`)
  }
  const asSql = conditions.map((condition) => ({ ...condition, where: toSql(condition, attributes) }))
  const where = join(
    asSql.map((condition) => condition.where),
    ' and ',
  )
  const [only, another] = conditions
  const isOne = only && !another && (only.operator === 'eq' || only.operator === 'in')
  const count = isOne ? attributes[only.attribute]?.count?.(only.values) : undefined
  return { where, conditions: asSql, count }
}

const NAME = /^[^(),:]*[^(),: ]/
const BARE = /[A-Za-z0-9@$_*.{}|+:/-]/

/** Reads `op(attribute,value…):op(…)`. */
class FilterParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Condition[] {
    const conditions = [this.#condition()]
    while (this.#at < this.#text.length) {
      this.#expect(':')
      conditions.push(this.#condition())
    }
    return conditions
  }

  #condition(): Condition {
    const operator = this.#name()
    if (!isOperator(operator)) {
      throw this.#error(`"${excerpt(operator)}" is not one of ${OPERATORS.join(', ')}.`)
    }
    this.#expect('(')
    this.#spaces()
    const attribute = this.#name()
    this.#spaces()
    const values: string[] = []
    while (this.#peek() === ',') {
      this.#at += 1
      values.push(this.#operand())
    }
    this.#expect(')')
    if (operator === 'is_null' ? values.length !== 0 : operator !== 'in' && values.length !== 1) {
      throw this.#error(
        `${operator} takes ${operator === 'is_null' ? 'only an attribute' : 'an attribute and one value'}.`,
      )
    }
    if (operator === 'in' && values.length === 0)
      throw this.#error('in takes an attribute and at least one value.')
    return { operator, attribute, values }
  }

  /**
   * An operator or an attribute: everything up to the next punctuation, so that an unknown one is quoted as
   * it was given.
   */
  #name(): string {
    const [name = ''] = NAME.exec(this.#text.slice(this.#at)) ?? []
    if (name === '') throw this.#error(`a name is expected at character ${this.#at + 1}.`)
    this.#at += name.length
    return name
  }

  #operand(): string {
    this.#spaces()
    const quote = this.#peek()
    return quote === '"' || quote === "'" ? this.#quoted(quote) : this.#bare()
  }

  #quoted(quote: string): string {
    let value = ''
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text[this.#at]
      if (character === quote) {
        this.#at += 1
        return value
      }
      const next = this.#text[this.#at + 1]
      if (character === '\\' && (next === quote || next === '\\')) {
        value += next
        this.#at += 1
      } else {
        value += character
      }
    }
    throw this.#error(`the quote ${quote} is not closed.`)
  }

  #bare(): string {
    const start = this.#at
    while (BARE.test(this.#peek()) || this.#peek() === ' ') this.#at += 1
    const value = this.#text.slice(start, this.#at)
    if (value === '')
      throw this.#error(`a value is expected at character ${start + 1}; quote it if it has other characters.`)
    if (value.endsWith(' '))
      throw this.#error(`quote a value that ends with a space, at character ${start + 1}.`)
    return value
  }

  #spaces(): void {
    while (this.#peek() === ' ') this.#at += 1
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #expect(character: string): void {
    if (this.#peek() !== character)
      throw this.#error(`"${character}" is expected at character ${this.#at + 1}.`)
    this.#at += 1
  }

  #error(why: string) {
    return unparsableFilter(why)
  }
}

const isOperator = (word: string): word is Operator => (OPERATORS as readonly string[]).includes(word)

const COMPARISONS: Readonly<Record<string, string>> = { eq: '=', gt: '>', ge: '>=', lt: '<', le: '<=' }

/** The operators that an attribute of a kind can be filtered by. */
export function operatorsOf(kind: AttributeKind): readonly Operator[] {
  if (kind === 'text') return ['eq', 'in', 'like']
  if (kind === 'time') return ['eq', 'gt', 'ge', 'lt', 'le', 'is_null']
  if (kind === 'sha256') return ['eq']
  if (kind === 'integer') return ['eq', 'in', 'gt', 'ge', 'lt', 'le']
  if (kind === 'members') return ['in']
  return ['eq', 'in']
}

function toSql({ operator, attribute, values }: Condition, attributes: FilterAttributes): Sql {
  const known = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined
  if (!known)
    throw unparsableFilter(`"${excerpt(attribute)}" is not one of ${Object.keys(attributes).join(', ')}.`)
  const { kind, column } = known
  const operators = operatorsOf(kind)
  if (!operators.includes(operator)) {
    throw unparsableFilter(`${attribute} can be filtered by ${operators.join(', ')}, not by ${operator}.`)
  }
  for (const value of values) checkValue(attribute, kind, value)
  if (operator === 'is_null') return sql`${column} is null`
  if (known.condition) return known.condition(values)
  if (kind === 'time')
    return sql`${column} ${raw(COMPARISONS[operator] ?? '=')} ${toTimestamp(values[0] ?? '')}::timestamptz`
  if (kind === 'sha256') return sql`${column} = decode(${values[0]}, 'hex')`
  if (kind === 'uuid') return sql`${column} = any(${values}::uuid[])`
  if (kind === 'exact') return sql`${column} = any(${values}::text[])`
  if (kind === 'integer') {
    const comparison = COMPARISONS[operator]
    return operator === 'eq' || comparison === undefined
      ? sql`${column} = any(${values}::bigint[])`
      : sql`${column} ${raw(comparison)} ${values[0]}::bigint`
  }
  if (operator === 'like') return isLike(column, toLikePattern(values[0] ?? ''))
  return isAnyOf(column, values)
}

/** Of as many digits as a `bigint` has at least. */
const WHOLE_NUMBER = /^\d{1,18}$/

function checkValue(attribute: string, kind: AttributeKind, value: string): void {
  if (!isStorableText(value))
    throw unparsableFilter(`a value of ${attribute} has a character that no text can contain.`)
  if (kind === 'integer' && !WHOLE_NUMBER.test(value))
    throw unparsableFilter(`${attribute} takes a whole number.`)
  if (kind === 'uuid' && !UUID_PATTERN.test(value)) throw unparsableFilter(`${attribute} takes a UUID.`)
  if (kind === 'sha256' && !/^[0-9a-f]{64}$/i.test(value)) {
    throw unparsableFilter(`${attribute} takes a SHA-256 in hexadecimal, of 64 characters.`)
  }
  if (typeof kind === 'object' && !kind.oneOf.includes(value)) {
    throw unparsableFilter(`${attribute} takes one of ${kind.oneOf.join(', ')}.`)
  }
  if (kind === 'time' && toTimestamp(value) === undefined) {
    throw unparsableFilter(
      `${attribute} takes a date (2026-01-31), a time by RFC 3339 (2026-01-31T12:00:00Z) or milliseconds since 1970.`,
    )
  }
}

/**
 * Ignores case, as folded by the database's own collation: our columns have the collation "C", which folds
 * ASCII only. No index answers this (decision 0044).
 */
const isLike = (column: Sql, pattern: string): Sql =>
  sql`lower(${column} collate "default") like lower(${pattern}::text collate "default") escape '\\'`

/** `*` at either end stands for any text; elsewhere it stands for itself. */
function toLikePattern(value: string): string {
  let start = 0
  while (value[start] === '*') start += 1
  let end = value.length
  while (end > start && value[end - 1] === '*') end -= 1
  const middle = value.slice(start, end).replaceAll(/[\\%_]/g, '\\$&')
  return `${start > 0 ? '%' : ''}${middle}${end < value.length ? '%' : ''}`
}
