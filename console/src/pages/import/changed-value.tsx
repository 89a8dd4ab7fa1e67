import type { ListedType } from '../../api/record-types'
import { Value } from '../../ui/value'

interface PairProps {
  /** Of the record. */
  readonly type: string
  readonly name: string
  readonly types: readonly ListedType[]
  readonly before: unknown
  readonly after: unknown
}

/** What the service shows in place of a value that nobody may read. */
const HIDDEN = 'hidden'

/** An attribute's value before and after a change, as on the record's page. */
export function Pair({ type, name, types, before, after }: PairProps) {
  const known = types.find((one) => one.type === type)?.attributes.find((one) => one.name === name)
  const show = (value: unknown) => (
    <Value
      attribute={{
        name,
        schema: known?.schema ?? {},
        isRequired: false,
        of: () => value,
        reasonsOf: () => [],
      }}
      record={{ id: '', type, attributes: {} }}
    />
  )
  if (before === HIDDEN && after === HIDDEN)
    return <span className="quiet">another one; it is not shown</span>
  // An offering copies what it holds: the same products may have other content by now.
  if (JSON.stringify(before) === JSON.stringify(after)) {
    return (
      <div>
        <span className="quiet">the same, copied again since they differ by now</span>
        {show(after)}
      </div>
    )
  }
  return (
    <>
      <del>
        <span className="visually-hidden">before: </span>
        {show(before)}
      </del>
      <ins>
        <span aria-hidden="true">→</span>
        <span className="visually-hidden">after: </span>
        {show(after)}
      </ins>
    </>
  )
}
