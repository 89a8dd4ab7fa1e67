import { features } from './features.js'
import { offerings } from './offerings.js'
import { plans } from './plans.js'
import { products } from './products.js'
import type { Rule } from './rule.js'
import { subscribers } from './subscribers.js'
import { subscriptions } from './subscriptions.js'

export const rules: readonly Rule[] = [
  ...products,
  ...plans,
  ...subscribers,
  ...offerings,
  ...features,
  ...subscriptions,
]
