import {
  badRequest,
  contentTooLarge,
  noRoom,
  tooManyRequests,
  validationError,
  writeConflict,
} from '../../../http/errors.js'
import { DecompressesToTooMuch } from '../../../imports/file/decompress.js'
import { UnusableFile } from '../../../imports/file/unusable-file.js'
import {
  AlreadyRun,
  ExternalRefTaken,
  TooManyWaiting,
  UnknownFixed,
} from '../../../imports/queue/admission.js'

/** The errors of a full file system, a quota, and a limit of the process. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG']

/**
 * Turns the reason why a file cannot be stored into an HTTP error.
 *
 * @throws HttpError 400, 413, 503; the error itself if it is something else
 */
export function refuseUpload(
  error: NodeJS.ErrnoException,
  { maxUploadBytes }: { readonly maxUploadBytes: number },
): never {
  if (error instanceof DecompressesToTooMuch) {
    throw contentTooLarge(
      `An import file may have at most ${maxUploadBytes} bytes, including when it is decompressed.`,
    )
  }
  if (error instanceof UnusableFile) throw badRequest(error.message)
  throw NO_ROOM.includes(error.code ?? '') ? noRoom() : error
}

/**
 * Turns the reason why an import cannot wait for its turn into an HTTP error.
 *
 * @throws HttpError 400, 409; the error itself if it is none of ours
 */
export function refuseImport(error: Error): never {
  if (error instanceof ExternalRefTaken) throw refTaken(error.importId)
  if (error instanceof TooManyWaiting) throw tooManyWaiting(error.limit)
  if (error instanceof AlreadyRun) {
    throw writeConflict('The rehearsal was run before, and that import has not failed.', {
      id: error.importId,
    })
  }
  if (error instanceof UnknownFixed) {
    const why = `import "${error.importId}" was not found`
    throw validationError('', [{ code: 'not_found', field: 'fixes', error: why }])
  }
  throw error
}

/** When to retry after too many uploads: one may end at any moment, or in an hour. */
const RETRY_SECONDS = 5

export const tooManyUploads = (limit: number) =>
  tooManyRequests(
    `The server accepts ${limit} uploads at once and has reached that limit; please try again.`,
    RETRY_SECONDS,
  )

export const refTaken = (importId: string) =>
  writeConflict('The external_ref is that of another import, which has not failed.', { id: importId })

const tooManyWaiting = (limit: number) =>
  writeConflict(
    `${limit} imports are already waiting, which is the limit; please try again when some have ended.`,
  )
