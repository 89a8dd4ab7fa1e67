/**
 * What is wrong with one field: its path (`price.USD.amount`, `plans[1]`; empty: the whole value), and a
 * sentence without a full stop.
 */
export interface Problem {
  readonly field: string
  readonly error: string
}

/**
 * The most problems to report: a line of a megabyte has room for half a million mistakes, which nobody reads.
 */
export const MAX_PROBLEMS = 1000

/**
 * Adds to the problems of one record. Those beyond the thousandth are replaced by one that says that there
 * are more.
 */
export function addProblem(problems: Problem[], problem: Problem): void {
  if (problems.length < MAX_PROBLEMS) problems.push(problem)
  else if (problems.length === MAX_PROBLEMS) {
    problems.push({ field: '', error: `the record has more than these ${MAX_PROBLEMS} problems` })
  }
}
