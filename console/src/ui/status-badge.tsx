import { Badge } from '@mantine/core'
import type { Import } from '../api/imports'
import { badgeOf } from '../imports'

/** The status of an import, and whether it is a rehearsal. */
export function StatusBadge({ one, size = 'md' }: { readonly one: Import; readonly size?: 'md' | 'lg' }) {
  const { text, color } = badgeOf(one)
  return (
    <span className="badges">
      <Badge color={color} variant="light" size={size}>
        {text}
      </Badge>
      {one.meta.dry_run && (
        <Badge color="grape" variant="outline" size={size}>
          Rehearsal
        </Badge>
      )}
    </span>
  )
}
