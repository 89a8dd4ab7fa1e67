import { Title } from '@mantine/core'
import { isComplete, isUnderWay, tallyOf, tallyOfType } from '../../../../src/imports/resource/outcome'
import type { Counts } from '../../../../src/imports/terms'
import { number } from '../../../../src/text/numbers'
import type { Import } from '../../api/imports'
import type { ListedType } from '../../api/record-types'
import { capitalized } from '../../format'
import { type Column, DataTable } from '../../ui/data-table'
import { TextLink } from '../../ui/link'
import { TallyBar } from '../../ui/tally-bar'
import { DownloadButton } from './download'
import type { PartProps } from './part'

/** The counts of an import, a row a type. */
export function ByType({ one, features, types }: PartProps) {
  const hasResults =
    features.hasResults && !isUnderWay(one) && !one.meta.dry_run && tallyOf(one.meta.records).imported > 0
  return (
    <section className="section">
      <div className="section-head">
        <Title order={2}>Records by type</Title>
        {hasResults && <DownloadButton one={one} what="results" text="Download imported IDs" />}
      </div>
      <DataTable label="Records by type" columns={columnsOf(one)} rows={types} rowKey={({ type }) => type} />
    </section>
  )
}

function columnsOf(one: Import): Column<ListedType>[] {
  const isOver = isComplete(one)
  const { skipped, updated, unchanged } = one.meta.records
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
    ...(updated ? [count('Of these changed', updated)] : []),
    ...(unchanged ? [count('Of these equal', unchanged)] : []),
    ...(skipped ? [count('Skipped', skipped)] : []),
    {
      header: rest,
      width: '8rem',
      isNumber: true,
      cell: (listed) => number(tally(listed).rest),
    },
  ]
}

/** A column of counts by type. */
const count = (header: string, counts: Counts): Column<ListedType> => ({
  header,
  width: '7rem',
  isNumber: true,
  cell: ({ type }) => number(counts[type] ?? 0),
})
