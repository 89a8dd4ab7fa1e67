import { validationError } from '../../http/errors.js'
import type { Problem } from '../../schema/problem.js'

/** Problems of a part of `data`, with their paths from `data`. */
export const within = (path: string, problems: readonly Problem[]): Problem[] =>
  problems.map((problem) => ({ ...problem, field: [path, problem.field].filter(Boolean).join('.') }))

/** @throws HttpError 400 with every problem, if there are any */
export function reject(problems: readonly Problem[]): void {
  if (problems.length > 0) throw validationError('data', problems)
}
