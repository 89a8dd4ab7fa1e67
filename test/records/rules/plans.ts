import { aPlan } from '../../support/builders.js'
import {
  booleanRules,
  choiceRules,
  integerRules,
  priceRules,
  textRules,
  unknownAttributeRules,
} from './kinds.js'
import { type Rule, required, rule, written } from './rule.js'

const tooExact = 'cannot be stored exactly; a number may have 15 significant digits'

export const plans: Rule[] = [
  ...unknownAttributeRules(aPlan),
  ...textRules(aPlan, 'name', { min: 3, max: 1024 }),
  ...textRules(aPlan, 'description', { min: 0, max: 1024 }),
  ...textRules(aPlan, 'external_ref', { min: 0, max: 2048 }),
  ...choiceRules(aPlan, 'billing_interval_type', ['day', 'week', 'month', 'year']),
  ...choiceRules(aPlan, 'end_behavior', ['close', 'roll']),
  ...['billing_frequency', 'plan_length'].flatMap((attribute) => [
    ...integerRules(attribute, 1, false, (title, json, ...problems) =>
      written(title, aPlan({ [attribute]: undefined }), `"${attribute}":${json}`, ...problems),
    ),
    rule(`${attribute} is required`, aPlan({ [attribute]: undefined }), required(attribute)),
  ]),
  ...integerRules('trial_period', 0, true, (title, json, ...problems) =>
    written(title, aPlan(), `"trial_period":${json}`, ...problems),
  ),
  ...['can_pause', 'can_resume', 'can_cancel'].flatMap((attribute) => booleanRules(aPlan, attribute)),
  ...[
    '0',
    '-0',
    '-0.0e5',
    '100',
    '1e2',
    '100.00000000000000000',
    '0.1',
    '0.100000000000000000',
    '33.3333333333333',
    '0.000000123456789012345',
    '1e-307',
    '99.99',
    'null',
  ].map((json) =>
    written(`base_price_percentage may be ${json}`, aPlan(), `"base_price_percentage":${json}`),
  ),
  ...(
    [
      ['100.01', 'must be at most 100'],
      ['100.000000000001', 'must be at most 100'],
      ['1000.000000000000001', tooExact],
      ['-1', 'must be at least 0'],
      ['-1e-300', 'must be at least 0'],
      ...['33.333333333333336', '0.1000000000000000055', '100.000000000000001', '99.9999999999999999'].map(
        (json) => [json, tooExact] as const,
      ),
      ...['1e-400', '5e-324', '-5e-324', '2.2250738585072e-309'].map((json) => [json, tooExact] as const),
      ['1e400', 'is a number too large to be stored'],
      ['-1e400', 'is a number too large to be stored'],
      ['"5"', 'must be a number, without quotes'],
      ['true', 'must be a number'],
      ['{}', 'must be a number'],
    ] as const
  ).map(([json, sentence]) =>
    written(`base_price_percentage may not be ${json}`, aPlan(), `"base_price_percentage":${json}`, [
      'base_price_percentage',
      `base_price_percentage ${sentence}`,
    ]),
  ),
  ...priceRules(aPlan, 'fixed_price'),
  {
    ...rule('every attribute that is missing is named', aPlan()),
    attributes: '{}',
    problems: [
      'name',
      'billing_interval_type',
      'billing_frequency',
      'plan_length',
      'end_behavior',
      'can_pause',
      'can_resume',
      'can_cancel',
    ].map(required),
  },
]
