import type { TSchema } from 'typebox'
import { Type } from '../schema/type.js'
import { boolean, oneOf, status, titled, uuid } from './attribute-kinds.js'
import { timestamp, timestampOrNull } from './meta.js'
import { offering } from './offering.js'
import type { Answered, Condition } from './record-type.js'

type Stored = Readonly<Record<string, unknown>>

/** What there is of these, without those that are null. */
const present = (values: Stored): Stored =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined))

const optionalTime = (title: string, description: string): TSchema =>
  Type.Optional(titled(title, timestamp(description)))

/** It has ended. */
export const IS_OVER = 'coalesce(end_date <= now(), false)'
/** It is not live yet. */
export const IS_WAITING = 'coalesce(pending and (go_live_after is null or go_live_after > now()), false)'

// The conditions of the partial indexes of migration 0014: PostgreSQL cannot conclude them from a comparison with now().
const NO_LONGER = 'end_date <= now() and end_date is not null and paused_at is null'
// Without those that are no longer: what is canceled before anybody says when it goes live has ended, too.
const NOT_YET =
  "active_from > now() and active_from > timestamptz '-infinity' and (end_date is null or end_date > now() or paused_at is not null)"

/** The conditions of a status. The parts of one exclude each other, so that their counts add up. */
export const statusConditions: Readonly<Record<'active' | 'inactive', Condition>> = {
  active: { where: 'active_from <= now() and (end_date is null or end_date > now())', allBut: 'inactive' },
  inactive: { where: `(${NOT_YET} or ${NO_LONGER})`, parts: [NOT_YET, NO_LONGER] },
}

/** A subscription as it is answered (contract 14). */
export const subscriptionAnswer: Answered = {
  attributes: {
    plan_id: uuid('The id of the selected one of its plans.'),
    offering: Type.Object(
      {
        id: uuid('The id of the original, if it was one; else its own.'),
        type: oneOf([offering.type], 'The type.'),
        attributes: offering.attributes,
      },
      { description: 'The offering as it was when the subscription was made.' },
    ),
  },
  omitted: [
    'manual_payments',
    'pending',
    'go_live_after',
    'first_invoice_paid',
    'started_at',
    'paused_at',
    'canceled_at',
  ],
  meta: {
    status: status(
      ['active', 'inactive'],
      ['pending', 'paused', 'canceled', 'closed', 'suspended'],
      'Inactive while it is pending or paused, and once it has ended.',
    ),
    canceled: boolean('Whether it is canceled. It ends with the period that was running then.'),
    paused: boolean('Whether it is paused.'),
    closed: boolean('Whether it has ended with its plan.'),
    pending: boolean('Whether it is not live yet.'),
    suspended: boolean('Never: nothing here suspends one.'),
    invoice_after: titled('Next invoice', timestampOrNull('When the next invoice is due.')),
    manual_payments: boolean('Whether it is paid by hand.'),
    first_invoice_prepaid: boolean('Whether the first invoice was paid.'),
  },
  timestamps: {
    canceled_at: optionalTime('Canceled', 'When it was canceled.'),
    paused_at: optionalTime('Paused', 'When it was paused.'),
    resumed_at: optionalTime('Resumed', 'When it was last resumed.'),
    end_date: optionalTime('End date', 'When it ends, or has ended.'),
    go_live_after: optionalTime('Goes live after', 'When it goes live.'),
    go_live: optionalTime('Went live', 'When it went live.'),
  },
  computed: {
    status: `case when ${statusConditions.active.where} then 'active' else 'inactive' end`,
    is_closed: `${IS_OVER} and end_date is not distinct from closes_at`,
    is_pending: IS_WAITING,
    go_live: `case when not ${IS_WAITING} then case when pending then go_live_after else created_at end end`,
  },
  columns: ['resumed_at', 'invoice_after', 'end_date'],
  of: (stored) => ({
    attributes: {
      ...present({
        account_id: stored.account_id,
        name: stored.name,
        email: stored.email,
        currency: stored.currency,
        external_ref: stored.external_ref,
        address_id: stored.address_id,
        plan_id: stored.plan_id,
      }),
      offering: {
        id: stored.offering_id,
        type: offering.type,
        attributes: present({
          external_ref: stored.offering_external_ref,
          name: stored.offering_name,
          description: stored.offering_description,
        }),
      },
    },
    meta: {
      status: stored.status,
      canceled: stored.canceled_at !== null,
      paused: stored.paused_at !== null,
      closed: stored.is_closed,
      pending: stored.is_pending,
      suspended: false,
      invoice_after: stored.invoice_after,
      manual_payments: stored.manual_payments,
      first_invoice_prepaid: stored.first_invoice_paid === true,
    },
    timestamps: present({
      canceled_at: stored.canceled_at,
      paused_at: stored.paused_at,
      resumed_at: stored.resumed_at,
      end_date: stored.end_date,
      go_live_after: stored.go_live_after,
      go_live: stored.go_live,
    }),
  }),
}
