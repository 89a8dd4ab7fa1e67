import { Progress, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { isComplete, isUnderWay, tallyOf } from '../../../../src/imports/resource/outcome'
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
        {one.attributes.status === 'started' ? <Pace one={one} isAway={isAway} /> : tookOf(one)}
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
function Pace({ one, isAway }: RunningProgressProps) {
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

/** The time over which the rate is averaged. */
const RATE_MS = 10_000
/** Below it, the rate says little. */
const LEAST_MS = 500

/** The recent rate, in progress per millisecond; undefined while unknown. */
function useRate({ meta: { progress } }: Import): number | undefined {
  const [samples, setSamples] = useState<readonly { readonly at: number; readonly progress: number }[]>([])
  useEffect(() => {
    const at = performance.now()
    setSamples((before) => [...before.filter((sample) => at - sample.at < RATE_MS), { at, progress }])
  }, [progress])
  const [first] = samples
  const last = samples.at(-1)
  if (!first || !last || last.at - first.at < LEAST_MS || last.progress <= first.progress) return undefined
  return (last.progress - first.progress) / (last.at - first.at)
}
