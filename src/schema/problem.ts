/** What is wrong with one field: its path (`price.USD.amount`, `plans[1]`; empty: the whole), and a sentence without a full stop. */
export interface Problem {
  readonly field: string
  readonly error: string
}

/** A line of a megabyte has room for half a million mistakes. Nobody reads them, and a report has to stay one. */
export const MAX_PROBLEMS = 1000

/** Adds to the problems of one record; in place of those beyond the thousandth, one that says that there are more. */
export function addProblem(problems: Problem[], problem: Problem): void {
  if (problems.length < MAX_PROBLEMS) problems.push(problem)
  else if (problems.length === MAX_PROBLEMS) {
    problems.push({ field: '', error: `the record has more than these ${MAX_PROBLEMS} problems` })
  }
}
