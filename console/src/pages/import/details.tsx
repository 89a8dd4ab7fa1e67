import { Title } from '@mantine/core'
import { counted } from '../../../../src/text/numbers'
import type { Import } from '../../api/imports'
import { bytes, exactTime, visible } from '../../format'
import { Fact, Facts } from '../../ui/facts'
import { RelativeTime } from '../../ui/time'

/** What else there is to know of an import. */
export function Details({ one }: { readonly one: Import }) {
  const { file, timestamps, on_conflict, max_errors, created_by } = one.meta
  const { external_ref } = one.attributes
  return (
    <section className="section">
      <Title order={2}>Details</Title>
      <Facts>
        {external_ref !== undefined && <Fact name="Reference">{visible(external_ref)}</Fact>}
        <Fact name="File">
          {file.name !== undefined && `${visible(file.name)}, `}
          {bytes(file.bytes)}, {counted(file.lines, 'line')}
        </Fact>
        <Fact name="SHA-256 of the file">
          <code>{file.sha256}</code>
        </Fact>
        {on_conflict && on_conflict !== 'reject' && (
          <Fact name="Existing records">{POLICIES[on_conflict]}</Fact>
        )}
        {max_errors !== undefined && <Fact name="Stops after">{counted(max_errors, 'rejected line')}</Fact>}
        {created_by !== undefined && <Fact name="Imported with the key">{visible(created_by)}</Fact>}
        <Fact name="Received">
          {exactTime(timestamps.created_at)} (<RelativeTime time={timestamps.created_at} />)
        </Fact>
        {timestamps.started_at !== undefined && (
          <Fact name="Started">{exactTime(timestamps.started_at)}</Fact>
        )}
        {timestamps.finished_at !== undefined && (
          <Fact name="Finished">{exactTime(timestamps.finished_at)}</Fact>
        )}
        <Fact name="ID">
          <code>{one.id}</code>
        </Fact>
      </Facts>
    </section>
  )
}

const POLICIES: Readonly<Record<string, string>> = {
  skip: 'are skipped',
  update: 'are updated',
  patch: 'are changed in what the line gives',
}
