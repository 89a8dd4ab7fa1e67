import type { ListedType } from '../../api/record-types'
import { visible } from '../../format'
import { TextLink } from '../../ui/link'

interface RecordLinkProps {
  readonly of: { readonly type: string; readonly id: string; readonly external_ref?: string | undefined }
  readonly types: readonly ListedType[]
  /** Whether there is no such record, as in a rehearsal. */
  readonly isImagined?: boolean
}

/** A record by its reference or else its id, with a link to its page. */
export function RecordLink({ of, types, isImagined = false }: RecordLinkProps) {
  const list = types.find(({ type }) => type === of.type)?.list
  const name = (
    <span className="break short">{of.external_ref === undefined ? of.id : visible(of.external_ref)}</span>
  )
  if (list === undefined || isImagined) return name
  return <TextLink href={`/records/${list}/${of.id}`}>{name}</TextLink>
}
