import { Progress, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { isComplete, isUnderWay, tallyOf } from '../../../../src/imports/resource/outcome'
import { Pace } from '../../../../src/imports/resource/pace'
import { number } from '../../../../src/text/numbers'
import type { Import } from '../../api/imports'
import { duration, percent } from '../../format'
import { TallyBar } from '../../ui/tally-bar'

interface RunningProgressProps {
  readonly one: Import
  /** Whether the service does not answer, so that what is known may be old. */
  readonly isAway: boolean
}

/** Its progress, and then how it ended: in the same place, so that nothing below moves. */
export function RunningProgress({ one, isAway }: RunningProgressProps) {
  return (
    <>
      {isUnderWay(one) ? (
        <Progress
          className="running-bar"
          value={one.meta.progress * 100}
          color="blue"
          animated={one.attributes.status === 'started' && !isAway}
          aria-label="Work done"
        />
      ) : (
        <TallyBar tally={tallyOf(one.meta.records)} isRestRejected={isComplete(one)} isLarge />
      )}
      <Text size="sm" mt={6} className="numbers quiet one-line">
        {one.attributes.status === 'started' ? <PaceText one={one} isAway={isAway} /> : tookOf(one)}
      </Text>
    </>
  )
}

function tookOf({ meta: { timestamps } }: Import): string {
  const { started_at, finished_at } = timestamps
  if (started_at === undefined || finished_at === undefined) return ''
  return `It took ${duration(Date.parse(finished_at) - Date.parse(started_at))}.`
}

const SECOND_MS = 1000

/** How fast it is, how long it has taken and how long it will take. */
function PaceText({ one, isAway }: RunningProgressProps) {
  const now = useNow()
  const rate = useRate(one)
  const { progress, timestamps, records } = one.meta
  const words = [percent(progress)]
  if (isAway) return [...words, 'waiting for the server'].join(' · ')
  if (rate !== undefined) {
    const recordsPerSecond = rate * tallyOf(records).uploaded * SECOND_MS
    words.push(`${number(Math.round(recordsPerSecond))} records a second`)
  }
  // The clocks of the browser and the service may differ.
  const elapsed = timestamps.started_at === undefined ? 0 : now - Date.parse(timestamps.started_at)
  if (elapsed >= SECOND_MS) words.push(`${duration(wholeSeconds(elapsed))} so far`)
  if (rate !== undefined) words.push(`about ${duration(wholeSeconds((1 - progress) / rate))} left`)
  return words.join(' · ')
}

const wholeSeconds = (ms: number): number => Math.ceil(ms / SECOND_MS) * SECOND_MS

function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** The recent rate, in progress per millisecond; undefined while unknown. */
function useRate({ meta: { progress } }: Import): number | undefined {
  const [pace] = useState(() => new Pace())
  useEffect(() => pace.saw(progress, performance.now()), [pace, progress])
  return pace.rate
}
