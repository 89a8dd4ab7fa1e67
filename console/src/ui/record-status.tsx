import { Badge } from '@mantine/core'
import { capitalized, label } from '../format'

interface RecordStatusProps {
  readonly status: string
  /** The names of what explains it: `paused`. */
  readonly reasons: readonly string[]
  readonly size?: 'md' | 'lg'
}

/** The status of a record, and what explains it. */
export function RecordStatus({ status, reasons, size = 'md' }: RecordStatusProps) {
  return (
    <span className="badges">
      <Badge color={status === 'active' ? 'teal' : 'gray'} variant="light" size={size}>
        {capitalized(status)}
      </Badge>
      {reasons.map((reason) => (
        <Badge key={reason} color="gray" variant="outline" size={size}>
          {label(reason)}
        </Badge>
      ))}
    </span>
  )
}
