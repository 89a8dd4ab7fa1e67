import { HttpError, validationError, writeConflict } from '../../http/errors.js'
import { holderIdName } from '../../records/record-type.js'
import { tooManyElements } from '../../records/validate.js'
import {
  ChangedMeanwhile,
  RefTaken,
  StillAttached,
  UnresolvedReferences,
} from '../../records/write/change.js'
import { AlreadyAttached, TooManySnapshots } from '../../records/write/snapshots.js'
import { withArticle } from '../../text/text.js'
import { within } from './problems.js'

/**
 * Awaits a change of a record, and turns the reason why it failed into an HTTP error (contract 3).
 *
 * @param path where in `data` the record's attributes are
 */
export async function explained<T>(noun: string, change: Promise<T>, path = ''): Promise<T> {
  try {
    return await change
  } catch (error) {
    throw explanation(noun, error, path)
  }
}

function explanation(noun: string, error: unknown, path: string): unknown {
  if (error instanceof HttpError) return error
  if (error instanceof RefTaken) {
    return writeConflict(`The external_ref is that of another ${noun}.`, { id: error.holderId })
  }
  if (error instanceof ChangedMeanwhile) {
    return writeConflict(
      `The ${noun} was changed or deleted by another request at the same time. Read it again.`,
      {},
    )
  }
  if (error instanceof StillAttached) {
    const { holderType, holderId, isOwn } = error
    const holder = withArticle(holderType.noun)
    return isOwn
      ? writeConflict(`The ${noun} is attached to ${holder}; detach it first.`, {
          [holderIdName(holderType)]: holderId,
        })
      : writeConflict(
          `The ${noun} is attached to ${holder} of one of your stores. It can be deleted once that store has detached it.`,
          {},
        )
  }
  if (error instanceof AlreadyAttached) {
    return writeConflict(`The ${noun} ${error.sourceId} is already attached.`, { id: error.snapshotId })
  }
  if (error instanceof TooManySnapshots) {
    const { attribute, holder, held } = error
    const sentence = `${tooManyElements(attribute)}, and the ${holder} has ${held} already`
    return validationError('data', [{ code: 'too_many', field: attribute, error: sentence }])
  }
  if (error instanceof UnresolvedReferences) {
    const { problems, missing } = error
    return validationError(
      'data',
      within(path, problems),
      missing.length > 0 ? { missing_ids: missing } : undefined,
    )
  }
  return error
}
