import { Button, Text } from '@mantine/core'
import { number } from '../../../src/text/numbers'
import { PAGE_LENGTH } from '../api/request'

interface PagingProps {
  /** What is paged, for screen readers: `imports`. */
  readonly what: string
  readonly offset: number
  readonly total: number
  /** The largest offset that the service allows for the list. */
  readonly maxOffset?: number
  onChange(offset: number): void
}

/** The largest offset of most lists; what lies beyond is found by searching. */
export const LIST_MAX_OFFSET = 10_000

/** Which part of a list is shown, and buttons for the others. */
export function Paging({ what, offset, total, maxOffset = Number.POSITIVE_INFINITY, onChange }: PagingProps) {
  if (total <= PAGE_LENGTH && offset === 0) return null
  const next = offset + PAGE_LENGTH
  const isAtCeiling = next < total && next > maxOffset
  return (
    <nav className="paging" aria-label={`Pages of ${what}`}>
      <Text size="sm" aria-live="polite">
        {number(Math.min(offset + 1, total))}–{number(Math.min(next, total))} of {number(total)}
        {isAtCeiling && '. The pages end here: search or filter to see the others.'}
      </Text>
      <div className="paging-buttons">
        <Button size="xs" variant="default" disabled={offset === 0} onClick={() => onChange(0)}>
          First
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={offset === 0}
          onClick={() => onChange(Math.max(0, offset - PAGE_LENGTH))}
        >
          Previous
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={next >= total || isAtCeiling}
          onClick={() => onChange(next)}
        >
          Next
        </Button>
      </div>
    </nav>
  )
}
