import type { Failure } from '../import.js'
import type { Job } from '../queue/claim.js'

/** More lines are rejected than the import's limit allows. What was committed stays. */
export class TooManyErrors extends Error {
  override name = 'TooManyErrors'
  constructor(readonly rejected: number) {
    super(`${rejected} lines are rejected.`)
  }
}

/** @param rejected how many lines are rejected so far. */
export const isOverLimit = ({ maxErrors }: Job, rejected: number): boolean =>
  maxErrors !== undefined && rejected > maxErrors

/** Turns the error of a job that exceeded the limit into why it fails. Others are thrown on. */
export const toFailure =
  (job: Job) =>
  (error: unknown): Failure => {
    if (error instanceof TooManyErrors) return tooManyErrors(job, error.rejected)
    throw error
  }

/** Why an import fails whose limit is exceeded, for people. */
export function tooManyErrors({ maxErrors, dryRun }: Job, rejected: number): Failure {
  const was = rejected === 1 ? 'line was' : 'lines were'
  const next = dryRun
    ? 'Nothing was added; fix the lines, and post the file again to rehearse it.'
    : 'What had been imported stays; a retry resumes from where it stopped, without this limit.'
  const detail = `${rejected} ${was} rejected, and max_errors allows ${maxErrors}. ${next}`
  return { reason: 'too_many_errors', detail }
}
