import type { KindName } from '../../../src/records/attribute-kinds'
import { type Attribute, sharedByForms } from '../api/attributes'
import type { StoredRecord } from '../api/record'
import type { Copy, RecordType } from '../api/record-types'
import { isOpen } from '../api/schema'
import { label, titleOf, visible } from '../format'
import type { Column } from '../ui/data-table'
import { RelativeTime } from '../ui/time'
import { Value } from '../ui/value'

/** How many columns a table has beside name, reference and age. */
const MAX_COLUMNS = 4

/**
 * The columns of a type's table beside the name: the reference, what says most about a record, and the age.
 * The rest is only on a record's own page.
 */
export function columnsOf(type: RecordType): Column<StoredRecord>[] {
  const { attributes, copies, facts } = type
  const shownFacts = facts.filter(
    ({ isRequired, schema }) => isRequired && (schema['x-explained-by'] || schema['x-kind'] === 'time'),
  )
  const room = MAX_COLUMNS - copies.length - shownFacts.length
  const by = (name: string) => attributes.filter((attribute) => attribute.name === name)
  return [
    ...by('external_ref').map(columnOf),
    ...tellingFirst(attributes).slice(0, room).map(columnOf),
    ...copies.map(columnOfCopy),
    ...shownFacts.map(columnOf),
    ...by('created_at').map(columnOfAge),
  ]
}

/** What is in every table anyway, or too long for one. */
const ELSEWHERE: readonly string[] = ['name', 'external_ref', 'description']

const kindOf = ({ schema }: Attribute): KindName | undefined => schema['x-kind']

/** Those that fit in a cell: the required ones first, and what people read before what only programs do. */
function tellingFirst(attributes: readonly Attribute[]): Attribute[] {
  const rank = (attribute: Attribute) =>
    (attribute.isRequired ? 0 : 3) +
    (kindOf(attribute) === 'email' ? 0 : kindOf(attribute) === 'uuid' ? 2 : 1)
  return attributes
    .filter(
      (attribute) =>
        !ELSEWHERE.includes(attribute.name) &&
        kindOf(attribute) !== 'uri' &&
        kindOf(attribute) !== 'time' &&
        !isOpen(attribute.schema),
    )
    .flatMap((attribute) => (kindOf(attribute) === 'variant' ? sharedByForms(attribute) : [attribute]))
    .toSorted((a, b) => rank(a) - rank(b))
}

export const columnOf = (attribute: Attribute): Column<StoredRecord> => ({
  header: titleOf(attribute),
  ...(kindOf(attribute) === 'email' && { width: '18%' }),
  isNumber: attribute.schema.type === 'integer' || attribute.schema.type === 'number',
  cell: (record) => <Value attribute={attribute} record={record} />,
})

const columnOfCopy = ({ name, of }: Copy): Column<StoredRecord> => ({
  header: label(name),
  cell: (record) => <span className="break short">{visible(String(of(record).attributes.name ?? ''))}</span>,
})

const columnOfAge = (attribute: Attribute): Column<StoredRecord> => ({
  ...columnOf(attribute),
  cell: (record) => <RelativeTime time={String(attribute.of(record))} />,
})
