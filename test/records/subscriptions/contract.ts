import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect } from 'vitest'

/*
 * The answers about subscriptions as contract 14 has them, written from it and not from the code. Where it
 * lists everything, nothing else may be there.
 */

const uuid = { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }
const time = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$' }
const text = { type: 'string' }
const boolean = { type: 'boolean' }
const owner = { enum: ['store', 'organization'] }

/** An object that has all of `required`, perhaps some of `optional`, and nothing else. */
const exactly = (required: object, optional: object = {}) => ({
  type: 'object',
  required: Object.keys(required),
  properties: { ...required, ...optional },
  additionalProperties: false,
})

const prices = {
  type: 'object',
  propertyNames: { pattern: '^[A-Z]{3}$' },
  additionalProperties: exactly({ amount: { type: 'integer' } }, { includes_tax: boolean }),
}

const created = { created_at: time, updated_at: time }
const timestamps = exactly(created)

const links = (name: string) => ({
  data: { type: 'array', items: exactly({ id: uuid, type: { const: `subscription_offering_${name}` } }) },
  links: exactly({
    related: { type: 'string', pattern: `^(/v2)?/subscriptions/subscriptions/.*/${name}s$` },
  }),
})

const subscription = exactly({
  id: uuid,
  type: { const: 'subscription' },
  attributes: exactly(
    {
      account_id: uuid,
      name: text,
      email: text,
      currency: { type: 'string', pattern: '^[A-Z]{3}$' },
      plan_id: uuid,
      offering: {
        type: 'object',
        required: ['id', 'type', 'attributes'],
        properties: {
          id: uuid,
          type: { const: 'subscription_offering' },
          attributes: {
            type: 'object',
            required: ['name'],
            properties: { name: text, description: text, external_ref: text },
          },
        },
      },
      ...created,
    },
    { external_ref: text, address_id: uuid },
  ),
  meta: exactly({
    owner,
    status: { enum: ['active', 'inactive'] },
    canceled: boolean,
    paused: boolean,
    closed: boolean,
    pending: boolean,
    suspended: { const: false },
    invoice_after: { anyOf: [time, { type: 'null' }] },
    manual_payments: boolean,
    first_invoice_prepaid: boolean,
    timestamps: exactly(created, {
      canceled_at: time,
      paused_at: time,
      resumed_at: time,
      end_date: time,
      go_live_after: time,
      go_live: time,
    }),
  }),
  relationships: exactly({ products: exactly(links('product')), plans: exactly(links('plan')) }),
})

const product = exactly({
  id: uuid,
  type: { const: 'subscription_offering_product' },
  attributes: exactly(
    { name: text, feature_configurations: { type: 'object' }, ...created },
    {
      external_ref: text,
      description: text,
      sku: text,
      main_image: text,
      price: prices,
      price_units: exactly({ unit: { enum: ['day', 'month'] }, amount: { type: 'integer' } }),
    },
  ),
  meta: exactly({ owner, timestamps }),
})

const plan = exactly({
  id: uuid,
  type: { const: 'subscription_offering_plan' },
  attributes: exactly(
    {
      name: text,
      billing_interval_type: { enum: ['day', 'week', 'month', 'year'] },
      billing_frequency: { type: 'integer' },
      plan_length: { type: 'integer' },
      end_behavior: { enum: ['close', 'roll'] },
      can_pause: boolean,
      can_resume: boolean,
      can_cancel: boolean,
      ...created,
    },
    {
      external_ref: text,
      description: text,
      trial_period: { type: 'integer' },
      base_price_percentage: { type: 'number' },
      fixed_price: prices,
    },
  ),
  meta: exactly({ owner, timestamps, active_plan: { enum: [true, null] } }, { price: prices }),
})

const state = {
  type: 'object',
  required: ['id', 'type', 'attributes'],
  properties: {
    id: uuid,
    type: { const: 'subscription_state' },
    attributes: {
      type: 'object',
      required: ['action'],
      properties: { action: { enum: ['cancel', 'pause', 'resume', 'pending'] } },
    },
    meta: { type: 'object' },
  },
  additionalProperties: false,
}

const link = { type: ['string', 'null'], format: 'uri' }

const list = (item: object, included?: object) =>
  exactly(
    {
      data: { type: 'array', items: item },
      links: exactly({ current: link, first: link, last: link, prev: link, next: link }),
      meta: exactly({
        page: exactly({
          limit: { type: 'integer' },
          offset: { type: 'integer' },
          current: { type: 'integer' },
          total: { type: 'integer' },
        }),
        results: exactly({ total: { type: 'integer' } }),
      }),
    },
    included && { included },
  )

const included = exactly(
  {},
  { products: { type: 'array', items: product }, plans: { type: 'array', items: plan } },
)

const answers = {
  subscription: exactly({ data: subscription }, { included }),
  subscriptions: list(subscription, included),
  products: list(product),
  plans: list(plan),
  state: exactly({ data: state }),
  states: list(state),
}

export type AnswerName = keyof typeof answers

const ajv = new Ajv2020({ strict: false, allErrors: true })
// The package's types are CommonJS's; at run time the default export is the function itself.
;(addFormats as unknown as typeof addFormats.default)(ajv)
const validators = new Map<AnswerName, ValidateFunction>()

/** Expects a body to be as the contract has it. */
export function expectAsContract(name: AnswerName, body: unknown): void {
  const validate = validators.get(name) ?? ajv.compile(answers[name])
  validators.set(name, validate)
  const isValid = validate(body)
  expect(isValid ? [] : ajv.errorsText(validate.errors).split(', '), JSON.stringify(body)).toEqual([])
}
