import type { Schema } from '../api/schema'
import { minorUnits } from '../currencies'

/*
 * What a person has typed, before it is a value: texts, and objects and lists of them. A draft always becomes
 * a value, even a wrong one: what is wrong with it is for the service to say, by the rules of imports.
 */
export type Draft = string | readonly Draft[] | DraftObject
export type DraftObject = { readonly [name: string]: Draft }

/** How a value is typed in. */
export type FieldKind =
  | 'text'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'prices'
  | 'group'
  | 'variant'
  | 'list'
  | 'references'

/** Undefined: a form has no field for it. */
export function fieldKind(schema: Schema): FieldKind | undefined {
  switch (schema['x-kind']) {
    case 'integer':
    case 'number':
      return 'number'
    case 'priceMap':
      return 'prices'
    case 'boolean':
    case 'choice':
    case 'group':
    case 'variant':
      return schema['x-kind']
    case undefined:
      if (schema.type !== 'array') return undefined
      if (schema.items?.anyOf?.some(({ type }) => type === 'string')) return 'references'
      return schema.items?.properties ? 'list' : undefined
    default:
      return 'text'
  }
}

/** The form of a variant that a draft has. */
export const formOf = ({ oneOf = [] }: Schema, draft: Draft | undefined): Schema | undefined =>
  oneOf.find(({ properties }) => properties?.type?.enum?.[0] === memberOf(draft, 'type'))

export const memberOf = (draft: Draft | undefined, name: string): Draft | undefined =>
  isObject(draft) ? draft[name] : undefined

export const textOf = (draft: Draft | undefined): string => (typeof draft === 'string' ? draft : '')

export const listOf = (draft: Draft | undefined): readonly Draft[] => (Array.isArray(draft) ? draft : [])

const isObject = (draft: unknown): draft is DraftObject =>
  typeof draft === 'object' && draft !== null && !Array.isArray(draft)

/** The value of a draft; undefined: nothing was typed. */
export function typedValue(schema: Schema, draft: Draft | undefined): unknown {
  switch (fieldKind(schema)) {
    case 'number':
      return numberOf(textOf(draft))
    case 'boolean':
      return textOf(draft) === '' ? undefined : textOf(draft) === 'true'
    case 'prices':
      return pricesOf(listOf(draft))
    case 'group':
      return objectOf(schema, draft)
    case 'variant': {
      const form = formOf(schema, draft)
      return form && objectOf(form, draft)
    }
    case 'list':
      return filled(listOf(draft).map((item) => objectOf(schema.items ?? {}, item) ?? {}))
    case 'references':
      return filled(
        textOf(draft)
          .split('\n')
          .filter((line) => line.trim() !== ''),
      )
    default:
      return textOf(draft) === '' ? undefined : textOf(draft)
  }
}

const filled = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list)

function objectOf({ properties = {} }: Schema, draft: Draft | undefined): object | undefined {
  const members = Object.entries(properties).flatMap(([name, schema]) => {
    const value = name === 'type' ? memberOf(draft, name) : typedValue(schema, memberOf(draft, name))
    return value === undefined ? [] : [[name, value]]
  })
  return members.length === 0 ? undefined : Object.fromEntries(members)
}

/** How many digits any decimal number keeps. */
const DIGITS = 15

/** A number that is exactly the one typed, or else the text itself. */
function numberOf(text: string): number | string | undefined {
  const typed = text.trim()
  if (typed === '') return undefined
  const number = Number(typed)
  const isExact = /^-?\d+$/.test(typed)
    ? Number.isSafeInteger(number)
    : /^-?\d+\.\d+$/.test(typed) && typed.replaceAll(/\D/g, '').length <= DIGITS
  return isExact ? number : typed
}

/** A price as it is typed: `{currency: 'EUR', amount: '25.00', tax: 'true'}`. */
function pricesOf(rows: readonly Draft[]): object | undefined {
  const prices = rows.flatMap((row) => {
    const [currency, amount, tax] = ['currency', 'amount', 'tax'].map((name) => textOf(memberOf(row, name)))
    if (!currency && !amount) return []
    const price = {
      amount: smallestUnits(amount ?? '', currency ?? ''),
      ...(tax !== '' && { includes_tax: tax === 'true' }),
    }
    return [[currency, price]]
  })
  return prices.length === 0 ? undefined : Object.fromEntries(prices)
}

/** `25.5` in EUR is 2550: by its digits, since a product of numbers could be another amount. */
export function smallestUnits(amount: string, currency: string): number | string {
  const decimals = minorUnits(currency) ?? 0
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount.trim()) ?? []
  const rest = fraction.slice(decimals)
  if (whole === '' || /[1-9]/.test(rest)) return amount
  const units = Number(`${sign}${whole}${fraction.slice(0, decimals).padEnd(decimals, '0')}`)
  return Number.isSafeInteger(units) ? units + 0 : amount
}

/** 2550 in EUR is `25.50`. */
export function inWholeUnits(amount: number, currency: string): string {
  const decimals = minorUnits(currency) ?? 0
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  return `${amount < 0 ? '-' : ''}${whole}${decimals === 0 ? '' : `.${digits.slice(-decimals)}`}`
}

/** A value as it would be typed. */
export function draftOf(schema: Schema, value: unknown): Draft {
  if (value === undefined || value === null) return ''
  switch (fieldKind(schema)) {
    case 'prices':
      return Object.entries(value as Readonly<Record<string, Price>>).map(
        ([currency, { amount, includes_tax }]) => ({
          currency,
          amount: inWholeUnits(amount, currency),
          tax: includes_tax === undefined ? '' : String(includes_tax),
        }),
      )
    case 'group':
      return draftOfObject(schema, value)
    case 'variant':
      return draftOfObject(formOf(schema, value as DraftObject) ?? {}, value)
    case 'list':
      return (value as readonly unknown[]).map((item) => draftOfObject(schema.items ?? {}, item))
    default:
      return String(value)
  }
}

interface Price {
  readonly amount: number
  readonly includes_tax?: boolean
}

const draftOfObject = ({ properties = {} }: Schema, value: unknown): DraftObject =>
  Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [
      name,
      draftOf(schema, (value as Readonly<Record<string, unknown>>)[name]),
    ]),
  )

/**
 * What a `PUT` says to change one draft into the other: null clears an attribute, and what a map of prices no
 * longer has is null in it (RFC 7396).
 */
export function changeOf(schema: Schema, before: Draft, after: Draft): unknown {
  const value = typedValue(schema, after) ?? null
  return fieldKind(schema) === 'prices' && value !== null ? merged(typedValue(schema, before), value) : value
}

function merged(before: unknown, after: unknown): unknown {
  if (!isMap(before) || !isMap(after)) return after
  return Object.fromEntries(
    [...new Set([...Object.keys(before), ...Object.keys(after)])].map((name) => [
      name,
      Object.hasOwn(after, name) ? merged(before[name], after[name]) : null,
    ]),
  )
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
