import { useEffect, useState } from 'react'
import { exactTime, relativeTime } from '../format'

const REFRESH_MS = 10_000

/** A relative time, kept up to date; the exact one on hover. */
export function RelativeTime({ time }: { readonly time: string }) {
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
