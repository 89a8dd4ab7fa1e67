import { copiedRows } from './copied-rows.js'
import { grouped, megabytes, perSecond, seconds } from './format.js'
import { figure, type Row, reading, sized } from './row.js'
import type { Trial } from './trial.js'
import { floorTrial } from './trials/floor.js'
import { type ImportReadings, importAfter, importTrial } from './trials/import.js'

/** How many subscriptions there are to an offering: the generator's files have so many. */
const SUBSCRIPTIONS_AN_OFFERING = 400

/** Which share of a business's records they are in the generator's file. */
const SUBSCRIPTIONS_OF_ALL = 0.4

/**
 * Subscriptions alone, to offerings that were imported before, and a whole business, of which they are 40%:
 * the rest of it is easier.
 */
export function subscriptions(records: number): Row[] {
  const business = (count: number) => ({ records: count, content: 'business' }) as const
  const alone = (count: number) => ({ records: count, content: 'subscriptions-alone' }) as const
  const floor = floorTrial('floor of subscriptions', records, (context) =>
    copiedRows(
      context,
      [business(records), alone(records)],
      ['subscriptions', 'subscription_products', 'subscription_plans'],
    ),
  )
  const name = 'import of subscriptions alone'
  const imported = importAfter(name, business(records), alone(records))
  const fewer = Math.ceil(records / 4)
  const quarter = importAfter(name, business(fewer), alone(fewer))
  const others = importTrial({ records, content: 'without-subscriptions' }, 'import without subscriptions')
  const whole = importTrial(
    { records: Math.ceil(records / SUBSCRIPTIONS_OF_ALL), content: 'subscriptions' },
    'business with its subscriptions',
  )
  const offerings = Math.ceil(records / SUBSCRIPTIONS_AN_OFFERING)
  const rate = (trial: Trial<ImportReadings>) => reading(trial, ({ seconds }) => trial.records / seconds)
  const withoutThem = { name: 'mixed, without them', figure: rate(others) }
  return [
    {
      name: `${sized(name, records)} over ${grouped(offerings)} offerings`,
      measured: figure(imported, 'seconds'),
      show: seconds,
      base: { name: 'floor', figure: figure(floor, 'seconds') },
      target: { atMost: 1.5 },
    },
    {
      name: sized('subscriptions alone: records a second', records),
      measured: rate(imported),
      show: perSecond,
      base: withoutThem,
      target: { atLeast: 0.5 },
    },
    {
      name: sized(`${whole.name}: records a second`, whole.records),
      measured: rate(whole),
      show: perSecond,
      base: withoutThem,
      target: { atLeast: 0.5 },
    },
    {
      name: sized('subscriptions alone: peak memory of Node', records),
      measured: figure(imported, 'nodePeakBytes'),
      show: megabytes,
      base: { name: grouped(fewer), figure: figure(quarter, 'nodePeakBytes') },
      target: { atMost: 1.1 },
    },
  ]
}
