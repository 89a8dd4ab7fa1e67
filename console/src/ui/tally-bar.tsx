import type { Tally } from '../../../src/imports/resource/outcome'

interface TallyBarProps {
  readonly tally: Tally
  /** Whether the records neither imported nor skipped were rejected; otherwise they are remaining. */
  readonly isRestRejected: boolean
  readonly isLarge?: boolean
}

/**
 * Imported, skipped and rejected records as parts of a bar. The numbers are beside it, so screen readers can
 * skip it.
 */
export function TallyBar({ tally, isRestRejected, isLarge }: TallyBarProps) {
  const { uploaded, imported, skipped, rest } = tally
  const width = (records: number) => ({ width: `${uploaded === 0 ? 0 : (records / uploaded) * 100}%` })
  return (
    <div className="tally-bar" data-large={isLarge || undefined} aria-hidden="true">
      <div className="imported" style={width(imported)} />
      <div className="skipped" style={width(skipped)} />
      {isRestRejected && <div className="rejected" style={width(rest)} />}
    </div>
  )
}
