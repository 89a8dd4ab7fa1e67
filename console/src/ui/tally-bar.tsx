import type { Tally } from '../../../src/imports/resource/outcome'

interface TallyBarProps {
  readonly tally: Tally
  /** Whether what is neither imported nor skipped was rejected, or is still to come. */
  readonly isRestRejected: boolean
  readonly isLarge?: boolean
}

/** How records fared, as parts of a bar. The numbers stand beside it, so that a screen reader need not see it. */
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
