import { aSubscriber } from '../../support/builders.js'
import { emailRules, paymentAuthorityRules, uuidRules } from './formats.js'
import { textRules, unknownAttributeRules } from './kinds.js'
import { type Rule, required, rule } from './rule.js'

export const subscribers: Rule[] = [
  ...paymentAuthorityRules(aSubscriber),
  ...unknownAttributeRules(aSubscriber),
  ...textRules(aSubscriber, 'name', { min: 3, max: 1024 }),
  ...textRules(aSubscriber, 'external_ref', { min: 0, max: 2048 }),
  ...uuidRules(aSubscriber, 'account_id'),
  ...emailRules(aSubscriber),
  {
    ...rule('every attribute that is missing is named', aSubscriber()),
    attributes: '{}',
    problems: ['account_id', 'name', 'email'].map(required),
  },
]
