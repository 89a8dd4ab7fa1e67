import { Progress, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { isComplete, isUnderWay, tallyOf } from '../../../src/imports/resource/outcome'
import { number } from '../../../src/text/numbers'
import type { Import } from '../api/imports'
import { duration, percent } from '../format'
import { processed } from '../imports'
import { TallyBar } from '../ui/tally-bar'

/** Its progress, and then how it ended: in the same place, so that nothing below moves. */
export function RunningProgress({ one }: { readonly one: Import }) {
  const rate = useRate(one)
  const tally = tallyOf(one.meta.records)
  const { uploaded } = tally
  const done = processed(one)
  const share = uploaded === 0 ? 0 : done / uploaded
  const { started_at, finished_at } = one.meta.timestamps
  const isRunning = one.attributes.status === 'started'
  const words = []
  if (isRunning) words.push(percent(share))
  if (isRunning && rate) {
    words.push(`${number(Math.round(rate))} records a second`)
    if (done < uploaded) words.push(`about ${duration(((uploaded - done) / rate) * 1000)} left`)
  }
  if (started_at !== undefined && finished_at !== undefined) {
    words.push(`It took ${duration(Date.parse(finished_at) - Date.parse(started_at))}.`)
  }
  return (
    <>
      {isUnderWay(one) ? (
        <Progress
          className="running-bar"
          value={share * 100}
          color="blue"
          animated={isRunning}
          aria-label="Records processed"
        />
      ) : (
        <TallyBar tally={tally} isRestRejected={isComplete(one)} isLarge />
      )}
      <Text size="sm" mt={6} className="numbers quiet one-line">
        {words.join(' · ')}
      </Text>
    </>
  )
}

/** The time over which the rate is averaged. */
const RATE_MS = 5000

/** The recent rate in records a second; undefined while unknown. */
function useRate(one: Import): number | undefined {
  const [samples, setSamples] = useState<readonly { readonly at: number; readonly done: number }[]>([])
  useEffect(() => {
    if (one.attributes.status !== 'started') return setSamples([])
    const at = performance.now()
    setSamples((before) => [
      ...before.filter((sample) => at - sample.at < RATE_MS),
      { at, done: processed(one) },
    ])
  }, [one])
  const [first] = samples
  const last = samples.at(-1)
  if (!first || !last || last.at - first.at < RATE_MS / 10 || last.done <= first.done) return undefined
  return ((last.done - first.done) / (last.at - first.at)) * 1000
}
