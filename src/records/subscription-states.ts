import type { States } from './record-type.js'
import { IS_OVER, IS_WAITING } from './subscription-answer.js'

const isCanceled = { 'The subscription is canceled already.': 'canceled_at is not null' }
const isOver = { 'The subscription has ended.': IS_OVER }
const isPaused = { 'The subscription is paused already.': 'paused_at is not null' }
const isWaiting = { 'The subscription is not live yet.': IS_WAITING }

/** What can be done to a subscription (contract 14). Its dates follow from what is set. */
export const subscriptionStates: States = {
  table: 'subscription_states',
  type: 'subscription_state',
  actions: {
    cancel: { refused: { ...isCanceled, ...isOver }, set: 'canceled_at = statement_timestamp()' },
    pause: {
      refused: { ...isPaused, ...isCanceled, ...isOver, ...isWaiting },
      set: 'paused_at = statement_timestamp(), resumed_at = null',
    },
    resume: {
      refused: { 'The subscription is not paused.': 'paused_at is null' },
      set: 'paused_at = null, resumed_at = statement_timestamp()',
    },
    pending: {
      refused: { 'The subscription is pending already.': IS_WAITING, ...isPaused, ...isCanceled, ...isOver },
      set: 'pending = true, go_live_after = null',
    },
  },
}
