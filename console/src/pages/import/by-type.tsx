import { Title } from '@mantine/core'
import { isComplete, isUnderWay, tallyOfType } from '../../../src/imports/resource/outcome'
import { number } from '../../../src/text/numbers'
import type { Import } from '../api/imports'
import type { ListedType } from '../api/record-types'
import { capitalized } from '../format'
import { type Column, DataTable } from '../ui/data-table'
import { TextLink } from '../ui/link'
import { TallyBar } from '../ui/tally-bar'

interface ByTypeProps {
  readonly one: Import
  readonly types: readonly ListedType[]
}

/** The counts of an import, a row a type. */
export function ByType({ one, types }: ByTypeProps) {
  return (
    <section className="section">
      <Title order={2}>Records by type</Title>
      <DataTable label="Records by type" columns={columnsOf(one)} rows={types} rowKey={({ type }) => type} />
    </section>
  )
}

function columnsOf(one: Import): Column<ListedType>[] {
  const isOver = isComplete(one)
  const hasSkipped = one.meta.records.skipped !== undefined
  const rest = isOver ? 'Rejected' : isUnderWay(one) ? 'Remaining' : 'Not imported'
  const tally = ({ type }: ListedType) => tallyOfType(one.meta.records, type)
  return [
    {
      header: 'Type',
      width: '9rem',
      cell: (listed) => {
        const name = capitalized(listed.list)
        const isLinked = !one.meta.dry_run && tally(listed).imported > 0
        return isLinked ? <TextLink href={`/records/${listed.list}`}>{name}</TextLink> : name
      },
    },
    {
      header: 'Share',
      cell: (listed) => <TallyBar tally={tally(listed)} isRestRejected={isOver} />,
    },
    {
      header: 'In the file',
      width: '7rem',
      isNumber: true,
      cell: (listed) => number(tally(listed).uploaded),
    },
    {
      header: one.meta.dry_run ? 'Good' : 'Imported',
      width: '7rem',
      isNumber: true,
      cell: (listed) => number(tally(listed).imported),
    },
    ...(hasSkipped
      ? [
          {
            header: 'Skipped',
            width: '7rem',
            isNumber: true,
            cell: (listed: ListedType) => number(tally(listed).skipped),
          },
        ]
      : []),
    {
      header: rest,
      width: '8rem',
      isNumber: true,
      cell: (listed) => number(tally(listed).rest),
    },
  ]
}
