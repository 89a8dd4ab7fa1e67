import { Button } from '@mantine/core'
import { DOWNLOADS, type Download, download, type Import } from '../../api/imports'
import { save } from '../../save'
import { Failure } from '../../ui/states'
import { useAction } from '../../ui/use-action'

interface DownloadButtonProps {
  readonly one: Import
  readonly what: Download
  readonly text: string
}

/** Saves a part of an import as a file. */
export function DownloadButton({ one, what, text }: DownloadButtonProps) {
  const name = `${one.attributes.external_ref ?? one.id}-${what}.${DOWNLOADS[what].extension}`
  const mutation = useAction({
    mutationFn: () => download(one.id, what),
    onSuccess: (blob) => save(blob, name),
  })
  return (
    <>
      <Button size="xs" variant="default" loading={mutation.isPending} onClick={() => mutation.mutate()}>
        {text}
      </Button>
      {mutation.error && <Failure error={mutation.error} />}
    </>
  )
}
