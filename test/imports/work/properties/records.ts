/** The six types of records, in the order in which an import's counts name them. */
export const NOUNS = ['product', 'plan', 'subscriber', 'offering', 'feature', 'subscription'] as const
export type Noun = (typeof NOUNS)[number]

/** What is processed after what, since it may refer to it. */
export const PASSES: readonly (readonly Noun[])[] = [
  ['product', 'plan', 'subscriber', 'feature'],
  ['offering'],
  ['subscription'],
]

export const TABLES: Readonly<Record<Noun, string>> = {
  product: 'products',
  plan: 'plans',
  subscriber: 'subscribers',
  offering: 'offerings',
  feature: 'features',
  subscription: 'subscriptions',
}

/** The lists whose elements a record holds copies of, and the type of these. */
export const LISTS = { products: 'product', plans: 'plan', features: 'feature' } as const
export type List = keyof typeof LISTS

export type Prices = Readonly<Record<string, { readonly amount: number }>>

/** The attributes that this test gives a meaning to; the builders fill in the others. */
export interface Attributes {
  readonly name?: string
  readonly account_id?: string
  readonly email?: string
  readonly configuration?: object
  readonly manual_payments?: boolean
  readonly can_pause?: boolean
  readonly can_resume?: boolean
  readonly can_cancel?: boolean
  readonly external_ref?: string
  readonly description?: string
  readonly price?: Prices
  readonly fixed_price?: Prices
  readonly base_price_percentage?: number
  readonly billing_interval_type?: string
  readonly billing_frequency?: number
  readonly plan_length?: number
  readonly trial_period?: number
  readonly end_behavior?: string
  readonly products?: readonly (string | Attributes)[]
  readonly plans?: readonly (string | Attributes)[]
  readonly features?: readonly (string | Attributes)[]
  readonly offering?: Attributes
  readonly offering_id?: string
  readonly offering_external_ref?: string
  readonly plan_id?: string
  readonly selected_plan?: string
  readonly meta?: { readonly selected: boolean }
  readonly currency?: string
  readonly pending?: boolean
  readonly go_live_after?: string
  readonly first_invoice_paid?: boolean
  readonly started_at?: string
  readonly paused_at?: string
  readonly canceled_at?: string
}

/** The attribute that is wrong, and the sentence about it. */
export type Problem = readonly [field: string, error: string]

/** One physical line, and what this test knows about it without reading it. */
export type Line =
  | { readonly kind: 'blank' | 'garbage'; readonly bytes: Buffer }
  | {
      readonly kind: 'record'
      readonly bytes: Buffer
      readonly noun: Noun
      readonly attributes: Attributes
      /** What was made wrong with the attributes on purpose. */
      readonly problems: readonly Problem[]
    }

export type OnConflict = 'reject' | 'skip' | 'update' | 'patch'

export interface Content {
  readonly lines: readonly Line[]
  readonly bytes: Buffer
  readonly onConflict: OnConflict
}

/** By what a random file names what already exists: `@offering 3`; see `Ids`. */
export const PLACEHOLDER = /^@(product|plan|feature|offering|copy) (\d+)$/i

/** The ids that a file can name: of records, and of the plans that offerings hold. */
export type Ids = Readonly<Record<'product' | 'plan' | 'feature' | 'offering' | 'copy', readonly string[]>>

/** The id of nothing. */
export const NOWHERE = '00000000-0000-4000-8000-000000000000'

/** Times as they may be written, and as they are stored, to the millisecond. */
export const PAST: ReadonlyMap<string, string> = new Map([
  ['2024-02-29T23:59:59.5Z', '2024-02-29T23:59:59.500Z'],
  ['2023-12-31t23:30:00.123456-01:00', '2024-01-01T00:30:00.123Z'],
  ['2016-12-31T23:59:60z', '2017-01-01T00:00:00.000Z'],
])
export const FUTURE: ReadonlyMap<string, string> = new Map([
  ['2999-01-31T00:00:00+14:00', '2999-01-30T10:00:00.000Z'],
  ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
])
