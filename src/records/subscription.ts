import type { Problem } from '../schema/problem.js'
import { Type } from '../schema/type.js'
import { boolean, currency, email, externalRef, name, time, uuid } from './attribute-kinds.js'
import { offering } from './offering.js'
import { paymentAuthority } from './payment-authority.js'
import { plan } from './plan.js'
import { product } from './product.js'
import { defineRecordType } from './record-type.js'
import { statusConditions, subscriptionAnswer } from './subscription-answer.js'
import { subscriptionStates } from './subscription-states.js'

type Attributes = Readonly<Record<string, unknown>>

/** Who pays what, since when, until when, and when the next invoice is due (contract 14). */
export const subscription = defineRecordType({
  type: 'subscription',
  noun: 'subscription',
  table: 'subscriptions',
  attributes: Type.Object(
    {
      external_ref: Type.Optional(externalRef),
      account_id: uuid("The subscriber's account."),
      name: name('subscriber'),
      email: email("The subscriber's e-mail address."),
      currency: currency('The currency of its invoices.'),
      manual_payments: boolean('Whether it is paid by hand.'),
      address_id: Type.Optional(uuid("The subscriber's address.")),
      payment_authority: Type.Optional(paymentAuthority),
      pending: Type.Optional(boolean('Whether it is not live before `go_live_after`.')),
      go_live_after: Type.Optional(time('When a pending one goes live.')),
      first_invoice_paid: Type.Optional(boolean('Whether the period that begins with it is paid.')),
      started_at: Type.Optional(time('When the paid period began.')),
      paused_at: Type.Optional(time('When it was paused, if it arrives paused.')),
      canceled_at: Type.Optional(time('When it was canceled, if it arrives canceled.')),
    },
    {
      examples: [
        {
          external_ref: 'subscription-1',
          account_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
          name: 'Ada Example',
          email: 'ada@example.com',
          currency: 'USD',
          manual_payments: false,
          first_invoice_paid: true,
          started_at: '2026-01-31T12:00:00Z',
        },
      ],
    },
  ),
  content: {
    attribute: 'offering',
    to: offering,
    holds: [
      {
        attribute: 'products',
        to: product,
        table: 'subscription_products',
        type: 'subscription_offering_product',
        documentedAs: 'SubscriptionOfferingProduct',
        objects: { feature_configurations: 'How the product configures the features of the offering.' },
      },
      {
        attribute: 'plans',
        to: plan,
        table: 'subscription_plans',
        type: 'subscription_offering_plan',
        documentedAs: 'SubscriptionOfferingPlan',
        pricedBy: 'products',
        selection: { table: 'subscriptions', column: 'plan_id', mark: 'active_plan' },
      },
    ],
    selects: {
      attribute: 'plans',
      id: 'plan_id',
      ref: 'selected_plan',
      columns: {
        plan_unit: 'billing_interval_type',
        plan_frequency: 'billing_frequency',
        plan_length: 'plan_length',
        plan_trial: 'trial_period',
        plan_end: 'end_behavior',
      },
    },
    currency: 'currency',
  },
  rules,
  past: ['started_at', 'paused_at', 'canceled_at'],
  changeable: [
    'plan_id',
    'address_id',
    'payment_authority',
    'go_live_after',
    'external_ref',
    'name',
    'email',
  ],
  filters: ['external_ref', 'name', 'email', 'account_id'],
  furtherFilters: {
    offering_external_ref: 'reference',
    status: { conditions: statusConditions },
  },
  answered: subscriptionAnswer,
  states: subscriptionStates,
})

/** Times that only make sense together with something else. */
function rules({ pending, go_live_after, first_invoice_paid, started_at }: Attributes): Problem[] {
  const problems: Problem[] = []
  const needs = (field: string, needed: string) =>
    problems.push({
      code: 'conflicting',
      field,
      error: `${field} may only be given with "${needed}": true`,
    })
  if (go_live_after !== undefined && pending !== true) needs('go_live_after', 'pending')
  if (started_at !== undefined && first_invoice_paid !== true) needs('started_at', 'first_invoice_paid')
  return problems
}
