import { createHash } from 'node:crypto'
import { decompress } from '../../imports/file/decompress.js'
import { UnusableFile } from '../../imports/file/unusable-file.js'
import type { ImportResource } from '../../imports/resource/schema.js'
import { type Address, getOwnerKind, getPage, IMPORTS } from './client.js'
import type { ImportFile } from './import-file.js'

/** How many imports of one file are examined. */
const MOST = 100

/**
 * The caller's latest import of a file with these bytes that is no rehearsal, has not failed and was not
 * undone; undefined: there is none, or it cannot be known before the upload.
 *
 * @param onRead receives how many bytes of the file were read so far
 * @throws CommandError, ServerUnreachable, and the signal's reason
 */
export async function earlierImportOf(
  address: Address,
  file: ImportFile,
  onRead: (bytes: number) => void,
  signal: AbortSignal,
): Promise<ImportResource | undefined> {
  const hash = await hashOf(file, onRead, signal)
  if (hash === undefined) return undefined
  const kind = await getOwnerKind(address, signal)
  const filter = `eq(sha256,${hash}):in(status,pending,started,success):eq(owner,${kind})`
  const { data } = await getPage<ImportResource>(address, IMPORTS, { limit: MOST }, signal, filter)
  return data.find(({ meta }) => !meta.dry_run && meta.undo?.status !== 'success')
}

/** The SHA-256 of a file's bytes, decompressed, as the service stores them. */
async function hashOf(
  file: ImportFile,
  onRead: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (file.handle === undefined) return undefined
  const hash = createHash('sha256')
  let bytes = 0
  const counted = async function* () {
    for await (const piece of file.stream() as AsyncIterable<Buffer>) {
      signal.throwIfAborted()
      bytes += piece.length
      onRead(bytes)
      yield piece
    }
  }
  try {
    for await (const piece of decompress(counted(), Number.POSITIVE_INFINITY)) hash.update(piece)
  } catch (error) {
    // The server says what is wrong with it.
    if (error instanceof UnusableFile) return undefined
    throw error
  }
  return hash.digest('hex')
}
