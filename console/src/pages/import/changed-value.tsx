import type { ListedType } from '../../api/record-types'
import { Value } from '../../ui/value'

interface ChangedValueProps {
  /** Of the record. */
  readonly type: string
  readonly name: string
  readonly types: readonly ListedType[]
  readonly value: unknown
  readonly isOld?: boolean
}

/** An attribute's value before or after a change, as on the record's page. */
export function ChangedValue({ type, name, types, value, isOld = false }: ChangedValueProps) {
  const known = types.find((one) => one.type === type)?.attributes.find((one) => one.name === name)
  const attribute = {
    name,
    schema: known?.schema ?? {},
    isRequired: false,
    of: () => value,
    reasonsOf: () => [],
  }
  const record = { id: '', type, attributes: {} }
  const Tag = isOld ? 'del' : 'ins'
  return (
    <Tag>
      <span className="visually-hidden">{isOld ? 'before: ' : 'after: '}</span>
      <Value attribute={attribute} record={record} />
    </Tag>
  )
}
