import { Button, Progress, Text } from '@mantine/core'
import { Refused } from '../../api/request'
import { bytes, duration, percent } from '../../format'
import { TextLink } from '../../ui/link'
import { Failure } from '../../ui/states'
import { cancelUpload, type Upload } from '../../upload'

/** Why a file was not imported. */
export function UploadFailure({ error }: { readonly error: Error }) {
  const otherId = error instanceof Refused ? error.problems.find(({ meta }) => meta?.id)?.meta?.id : undefined
  return (
    <Failure error={error}>
      <Text size="sm" mt="xs">
        Nothing was imported.{' '}
        {otherId !== undefined && <TextLink href={`/imports/${otherId}`}>See the other import</TextLink>}
      </Text>
    </Failure>
  )
}

/** A file on its way. */
export function Sending({
  upload: { file, sent, startedAt },
}: {
  readonly upload: Upload & { status: 'sending' }
}) {
  const share = sent / file.size
  const elapsed = performance.now() - startedAt
  const rate = elapsed > 500 ? (sent / elapsed) * 1000 : undefined
  const left = rate && sent < file.size ? ((file.size - sent) / rate) * 1000 : undefined
  return (
    <div className="narrow panel">
      <Text fw={600} className="break">
        {sent < file.size ? `Sending ${file.name}` : `${file.name} has been sent; the service is saving it`}
      </Text>
      <Progress value={share * 100} size="lg" my="sm" aria-label={`Sending ${file.name}`} />
      <Text size="sm" className="numbers quiet">
        {percent(share)} · {bytes(sent)} of {bytes(file.size)}
        {rate !== undefined && ` · ${bytes(rate)} a second`}
        {left !== undefined && ` · about ${duration(left)} left`}
      </Text>
      <Text size="sm" mt="md" className="quiet">
        You can look at other pages, but keep this tab open.
      </Text>
      <Button variant="default" mt="md" onClick={cancelUpload}>
        Stop sending
      </Button>
    </div>
  )
}
