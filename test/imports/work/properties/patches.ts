import { isDeepStrictEqual } from 'node:util'
import type { Copy, Held, Stored } from './oracle.js'
import { type Attributes, FUTURE, LISTS, type List, type Noun, PAST, type Problem } from './records.js'

export const WAY: readonly string[] = [
  'offering_id',
  'offering_external_ref',
  'offering',
  'products',
  'plans',
]

/** What a patch may leave out: with `offering`, whatever says what is subscribed to. */
export const PARTS: Readonly<Record<Noun, readonly string[]>> = {
  product: ['name', 'description', 'price'],
  plan: [
    'name',
    'description',
    'fixed_price',
    'billing_interval_type',
    'plan_length',
    'trial_period',
    'can_cancel',
  ],
  subscriber: ['account_id', 'name', 'email'],
  feature: ['name', 'description', 'configuration'],
  offering: ['name', 'description', 'products', 'plans', 'features'],
  subscription: ['name', 'currency', 'pending', 'first_invoice_paid', 'started_at', 'offering'],
}

/** What a patch may clear. */
export const CLEARED = [
  'description',
  'price',
  'fixed_price',
  'trial_period',
  'features',
  'pending',
  'started_at',
]

const REQUIRED: Readonly<Record<Noun, readonly (keyof Attributes)[]>> = {
  product: ['name'],
  plan: [
    'name',
    'billing_interval_type',
    'billing_frequency',
    'plan_length',
    'end_behavior',
    'can_pause',
    'can_resume',
    'can_cancel',
  ],
  subscriber: ['account_id', 'name', 'email'],
  feature: ['name', 'configuration'],
  offering: ['name', 'products', 'plans'],
  subscription: ['account_id', 'name', 'email', 'currency', 'manual_payments'],
}

/** What belongs to the lists and the content of a record, and not to itself. */
const NOT_OWN: readonly string[] = [...WAY, 'plan_id', 'selected_plan', 'features']

export const ownOf = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !NOT_OWN.includes(name)))

export const withoutNulls = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null))

export const givesWay = ({ offering, offering_id, offering_external_ref }: Attributes): boolean =>
  offering !== undefined || offering_id !== undefined || offering_external_ref !== undefined

/** A record's attributes with those of a patch; prices by currency. */
export function merged(before: Attributes, given: Attributes): Attributes {
  const prices = (['price', 'fixed_price'] as const).flatMap((name) =>
    given[name] ? [[name, { ...before[name], ...given[name] }]] : [],
  )
  return withoutNulls({ ...ownOf(before), ...given, ...Object.fromEntries(prices) })
}

/** What is wrong with a patch, as far as it and its record show it. */
export function problemsOf(
  noun: Noun,
  attributes: Attributes,
  spoiled: readonly Problem[],
  isNew: boolean,
): readonly Problem[] {
  const isRule = ([field]: Problem) => field === 'go_live_after' || field === 'started_at'
  const isAboutContent = ([field]: Problem) => NOT_OWN.includes(field)
  const content = spoiled.filter((one) => isAboutContent(one) && (isNew || one[0] !== 'offering'))
  const missing = isNew ? REQUIRED[noun].filter((name) => attributes[name] === undefined) : []
  const problems: Problem[] = [
    ...spoiled.filter((one) => !isRule(one) && !isAboutContent(one)),
    ...missing.map((name): Problem => [name, `"${name}" is required`]),
  ]
  const needs = (field: string, needed: string) =>
    problems.push([field, `${field} may only be given with "${needed}": true`])
  if (attributes.go_live_after !== undefined && attributes.pending !== true) needs('go_live_after', 'pending')
  if (attributes.started_at !== undefined && attributes.first_invoice_paid !== true)
    needs('started_at', 'first_invoice_paid')
  if (noun === 'subscription' && isNew && content.length === 0 && !givesWay(attributes)) {
    problems.push(['offering', 'one of offering_id, offering_external_ref and offering is required'])
  }
  return [...problems, ...content]
}

/** Writes over a record. What it holds stays, list by list, where it would be the same again. */
export function writeOver(holder: Stored, attributes: Attributes, held: Held): 'updated' | 'unchanged' {
  const kept = Object.fromEntries(
    Object.keys(LISTS).map((name) => {
      const [before = [], after = []] = [holder.held.lists[name as List], held.lists[name as List]]
      return [name, areEqual(before, after) ? before : after]
    }),
  ) as Held['lists']
  const { subscribed } = held
  const place = subscribed ? (held.lists.plans ?? []).indexOf(subscribed.plan) : -1
  const plan = kept.plans?.[place]
  const next: Held = { lists: kept, ...(subscribed && plan && { subscribed: { ...subscribed, plan } }) }
  const isSame =
    isDeepStrictEqual(storedOf(holder.attributes), storedOf(attributes)) &&
    Object.entries(kept).every(([name, list]) => list === (holder.held.lists[name as List] ?? list)) &&
    isSameContent(holder.held.subscribed, next.subscribed)
  Object.assign(holder, { attributes, held: next })
  return isSame ? 'unchanged' : 'updated'
}

const storedOf = (attributes: Attributes) =>
  Object.fromEntries(
    Object.entries(ownOf(attributes)).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, PAST.get(value as string) ?? FUTURE.get(value as string) ?? value]],
    ),
  )

const areEqual = (some: readonly Copy[], others: readonly Copy[]): boolean => {
  const pairs = some.map((one, index) => [one, others[index]] as const)
  return (
    some.length === others.length &&
    pairs.every(
      ([one, other]) =>
        one.source === other?.source &&
        isDeepStrictEqual(ownOf(one.attributes), other && ownOf(other.attributes)),
    )
  )
}

function isSameContent(before: Held['subscribed'], after: Held['subscribed']): boolean {
  if (!before || !after) return before === after
  const shown = ({ name, external_ref, description }: Attributes) => [name, external_ref, description]
  return (
    before.source === after.source &&
    before.plan === after.plan &&
    isDeepStrictEqual(shown(before.offering), shown(after.offering))
  )
}
