import type { Import, ImportError } from '../../api/imports'
import type { ListedType } from '../../api/record-types'
import { TextLink } from '../../ui/link'

interface UsedByProps {
  readonly one: Import
  readonly error: ImportError['meta']
  readonly types: readonly ListedType[]
}

/** A link to the record that has the reference already. */
export function UsedBy({ one, error, types }: UsedByProps) {
  const { used_by, record_type, external_ref } = error
  if (used_by === undefined) return null
  const list = types.find(({ type }) => type === (used_by.type ?? record_type))?.list
  if (list === undefined) return null
  if (used_by.id !== undefined) return <See href={`/records/${list}/${used_by.id}`} />
  // What a line of a rehearsal would have added is not there.
  if (one.meta.dry_run || external_ref === undefined) return null
  return <See href={`/records/${list}?${new URLSearchParams({ by: 'external_ref', text: external_ref })}`} />
}

const See = ({ href }: { readonly href: string }) => (
  <>
    {' '}
    <TextLink href={href} className="nowrap">
      See the record
    </TextLink>
  </>
)
