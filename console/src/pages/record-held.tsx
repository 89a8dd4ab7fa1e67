import { Badge, Title } from '@mantine/core'
import { counted } from '../../../src/text/numbers'
import type { StoredRecord } from '../api/record'
import type { SubList } from '../api/record-types'
import { capitalized, titleOf, visible } from '../format'
import { type Column, DataTable } from '../ui/data-table'
import { Empty } from '../ui/states'
import { columnOf, columnsOf } from './record-columns'

interface HeldProps {
  readonly held: SubList
  /** The noun for the record that holds them. */
  readonly noun: string
  readonly records: readonly StoredRecord[]
}

/**
 * One list of records that a record holds, with what their `meta` says: the price that a plan has here, and
 * which plan is the active one.
 */
export function Held({ held: { list, type }, noun, records }: HeldProps) {
  const marks = type.facts.filter(({ schema }) => schema['x-kind'] === 'boolean')
  const columns: Column<StoredRecord>[] = [
    {
      header: 'Name',
      width: '22%',
      cell: (record) => (
        <>
          <span className="break short">{visible(String(record.attributes.name ?? ''))}</span>
          {marks.map((mark) =>
            mark.of(record) === true ? (
              <Badge key={mark.name} color="teal" variant="light" className="mark">
                {titleOf(mark)}
              </Badge>
            ) : null,
          )}
        </>
      ),
    },
    ...columnsOf({ ...type, attributes: type.attributes.filter(({ name }) => name !== 'created_at') }),
    ...type.facts
      .filter((fact) => !marks.includes(fact))
      .map((fact) => ({ ...columnOf(fact), header: `${titleOf(fact)} in this ${noun}` })),
  ]
  return (
    <section className="section whole">
      <Title order={2}>
        {records.length === 0 ? capitalized(list) : counted(records.length, list.replace(/s$/, ''), list)}
      </Title>
      {records.length === 0 ? (
        <Empty title={`This ${noun} has no ${list}`} />
      ) : (
        <DataTable label={capitalized(list)} columns={columns} rows={records} rowKey={({ id }) => id} />
      )}
    </section>
  )
}
