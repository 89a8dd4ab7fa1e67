import { useEffect, useState } from 'react'
import { day, exactTime, relativeTime } from '../format'

const REFRESH_MS = 10_000

interface TimeProps {
  readonly time: string
}

/** A relative time, kept up to date; the exact one on hover. */
export function RelativeTime({ time }: TimeProps) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), REFRESH_MS)
    return () => clearInterval(timer)
  }, [])
  return (
    <time dateTime={time} title={exactTime(time)} className="nowrap">
      {relativeTime(time, now)}
    </time>
  )
}

/** A date, for what is more than an age; the exact time on hover. */
export const Day = ({ time }: TimeProps) => (
  <time dateTime={time} title={exactTime(time)} className="nowrap">
    {day(time)}
  </time>
)

/** The exact time, and how far away it is. */
export const ExactTime = ({ time }: TimeProps) => (
  <>
    {exactTime(time)} (<RelativeTime time={time} />)
  </>
)
