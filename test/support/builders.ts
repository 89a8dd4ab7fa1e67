type Attributes = Readonly<Record<string, unknown>>

/** A record as in a line of a file. */
export interface RecordLine {
  readonly data: { readonly type: string; readonly attributes: Attributes }
}

const record = (type: string, attributes: Attributes): RecordLine => ({ data: { type, attributes } })

/**
 * Valid records; a test gives what it is about, and the rest is filled in. An undefined attribute is left
 * out.
 */
export const aProduct = (attributes: Attributes = {}): RecordLine =>
  record('subscription_product', { name: 'Coffee box', ...attributes })

export const aPlan = (attributes: Attributes = {}): RecordLine =>
  record('subscription_plan', {
    name: 'Monthly',
    billing_interval_type: 'month',
    billing_frequency: 1,
    plan_length: 12,
    end_behavior: 'roll',
    can_pause: true,
    can_resume: true,
    can_cancel: true,
    ...attributes,
  })

export const aSubscriber = (attributes: Attributes = {}): RecordLine =>
  record('subscription_subscriber', {
    account_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
    name: 'A subscriber',
    email: 'subscriber@example.com',
    ...attributes,
  })

export const aFeature = (attributes: Attributes = {}): RecordLine =>
  record('subscription_feature', {
    name: 'Library',
    configuration: { type: 'access', tag: 'library' },
    ...attributes,
  })

/** By default complete in itself: an inline product and an inline plan. */
export const anOffering = (attributes: Attributes = {}): RecordLine =>
  record('subscription_offering', {
    name: 'Coffee, monthly',
    products: [aProduct().data.attributes],
    plans: [aPlan().data.attributes],
    ...attributes,
  })

/** Without products and plans, as `POST /offerings` creates it. */
export const anOfferingAlone = (attributes: Attributes = {}): RecordLine =>
  record('subscription_offering', { name: 'Coffee, monthly', ...attributes })

/** Of the offering `coffee`, which has to be there or in the same file. */
export const aSubscription = (attributes: Attributes = {}): RecordLine =>
  record('subscription', {
    account_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
    name: 'A subscriber',
    email: 'subscriber@example.com',
    currency: 'EUR',
    manual_payments: false,
    offering_external_ref: 'coffee',
    ...attributes,
  })

/** Complete in itself: its offering stands in the line, with a product and a plan. */
export const anInlineSubscription = (attributes: Attributes = {}): RecordLine =>
  aSubscription({
    offering_external_ref: undefined,
    offering: { name: 'Coffee, monthly' },
    products: [aProduct().data.attributes],
    plans: [aPlan().data.attributes],
    ...attributes,
  })

/** The body that asks for a state of a subscription. */
export const aState = (action: unknown): RecordLine => record('subscription_state', { action })

const toLine = (line: RecordLine | string): string =>
  `${typeof line === 'string' ? line : JSON.stringify(line)}\n`

/** A file of these lines: records are written as JSON, texts as they are. */
export const file = (...lines: readonly (RecordLine | string)[]): string => lines.map(toLine).join('')

/** `count` lines, created by number from 0. */
export const times = (count: number, make: (index: number) => RecordLine | string): string =>
  Array.from({ length: count }, (_, index) => toLine(make(index))).join('')

export const counts = (
  products = 0,
  plans = 0,
  subscribers = 0,
  offerings = 0,
  features = 0,
  subscriptions = 0,
) => ({
  subscription_product: products,
  subscription_plan: plans,
  subscription_subscriber: subscribers,
  subscription_offering: offerings,
  subscription_feature: features,
  subscription: subscriptions,
})
