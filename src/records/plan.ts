import { Type } from '../schema/type.js'
import {
  boolean,
  description,
  externalRef,
  integer,
  name,
  number,
  oneOf,
  priceMap,
} from './attribute-kinds.js'
import { defineRecordType } from './record-type.js'

/** A plan: how often a subscription is billed, for how long, and at what price (contract 8). */
export const plan = defineRecordType({
  type: 'subscription_plan',
  noun: 'plan',
  table: 'plans',
  attributes: Type.Object(
    {
      external_ref: Type.Optional(externalRef),
      name: name('plan'),
      description: Type.Optional(description('plan')),
      billing_interval_type: oneOf(['day', 'week', 'month', 'year'], 'The unit of the billing interval.'),
      billing_frequency: integer(1, 'How many units one billing interval has.'),
      plan_length: integer(1, 'How many billing intervals the plan lasts.'),
      trial_period: Type.Optional(integer(0, 'How many units the trial lasts.')),
      end_behavior: oneOf(['close', 'roll'], 'What happens at the end of the plan.'),
      can_pause: boolean('Whether a subscriber may pause.'),
      can_resume: boolean('Whether a subscriber may resume.'),
      can_cancel: boolean('Whether a subscriber may cancel.'),
      base_price_percentage: Type.Optional(
        number(0, 100, 'The percentage that the plan takes off the price.'),
      ),
      fixed_price: Type.Optional(priceMap('A price that replaces the products’ prices, by currency.')),
    },
    {
      examples: [
        {
          external_ref: 'plan-1',
          name: 'Monthly',
          description: 'Billed every month for a year.',
          billing_interval_type: 'month',
          billing_frequency: 1,
          plan_length: 12,
          trial_period: 0,
          end_behavior: 'roll',
          can_pause: true,
          can_resume: true,
          can_cancel: true,
          base_price_percentage: 5,
        },
      ],
    },
  ),
  filters: ['external_ref', 'name'],
})
