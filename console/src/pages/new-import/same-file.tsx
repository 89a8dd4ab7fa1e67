import { Alert, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { type Import, importsOfSameFile } from '../../api/imports'
import { percent } from '../../format'
import { sha256Of } from '../../hash'
import { nameOf } from '../../imports'
import { TextLink } from '../../ui/link'
import { RelativeTime } from '../../ui/time'

/** Whether a file was imported before. */
export type SameFile =
  | { readonly status: 'checking'; readonly share: number }
  /** Undefined: no. */
  | { readonly status: 'known'; readonly earlier: Import | undefined }
  /** It could not be found out here; the service says so when it has the file. */
  | { readonly status: 'unknown' }

const STARTED: SameFile = { status: 'checking', share: 0 }

/** Looks for an earlier import of the file that is chosen, by its hash. */
export function useSameFile(file: File | undefined): SameFile | undefined {
  const [found, setFound] = useState<SameFile>()
  useEffect(() => {
    setFound(file && STARTED)
    if (!file) return
    const ending = new AbortController()
    const { signal } = ending
    const set = (changed: SameFile) => signal.aborted || setFound(changed)
    earlierImport(file, { signal, onShare: (share) => set({ status: 'checking', share }) }).then(set, () =>
      set({ status: 'unknown' }),
    )
    return () => ending.abort()
  }, [file])
  return found
}

async function earlierImport(file: File, options: Parameters<typeof sha256Of>[1]): Promise<SameFile> {
  const sha256 = await sha256Of(file, options)
  if (sha256 === undefined) return { status: 'unknown' }
  const { data } = await importsOfSameFile(sha256)
  return { status: 'known', earlier: data.find(hasAddedRecords) }
}

/** As the service has it for `meta.same_file_as`. */
const hasAddedRecords = ({ attributes: { status }, meta }: Import): boolean =>
  meta.dry_run !== true && status !== 'failed' && meta.undo?.status !== 'success'

export const EarlierImport = ({ one }: { readonly one: Import }) => (
  <>
    This file was imported before: <TextLink href={`/imports/${one.id}`}>{nameOf(one)}</TextLink>,{' '}
    <RelativeTime time={one.meta.timestamps.created_at} />.
  </>
)

/** Below the file: whether it was imported before. */
export function SameFileNote({ same }: { readonly same: SameFile | undefined }) {
  if (same?.status === 'checking' && same.share > 0) {
    return (
      <Text size="sm" className="quiet numbers">
        Checking whether this file was imported before: {percent(same.share)}
      </Text>
    )
  }
  if (same?.status !== 'known' || !same.earlier) return null
  return (
    <Alert color="orange" variant="light" mt="xs">
      <EarlierImport one={same.earlier} />
    </Alert>
  )
}
