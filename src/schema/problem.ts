/** What can be wrong, in words for programs, which never change (contract 6). */
export const problemCodes = {
  required: 'Something is missing.',
  wrong_type: 'Of another type: a text where a number is due.',
  wrong_format: 'A text that is not of the form that is due: an e-mail address, a UUID, a time.',
  not_one_of: 'Not one of the values that are allowed.',
  too_short: 'A text with too few characters.',
  too_long: 'A text with too many characters.',
  out_of_range: 'A number or a time that is too small or too large.',
  not_exact: 'A number with more digits than can be stored.',
  not_storable: 'A text with U+0000 or an unpaired surrogate.',
  too_few: 'A list with too few elements.',
  too_many: 'Too many elements, currencies or problems.',
  conflicting: 'What cannot be given together with, or without, something else.',
  not_changeable: 'An attribute that cannot be changed.',
  not_found: 'A reference that leads nowhere.',
  ambiguous: 'A reference that leads to several.',
  repeated_reference: 'A reference to what the same list has already named.',
  no_price: 'The selected plan has no price in the currency.',
  taken: 'An `external_ref` that another record has.',
  malformed: 'A line that is not a JSON object with "data" and a type.',
  line_too_long: 'A line with too many bytes.',
  unknown_type: 'A type that is not known.',
  unknown_parameter: 'A field or parameter that a request does not take.',
} as const

export type ProblemCode = keyof typeof problemCodes

export const PROBLEM_CODES = Object.keys(problemCodes) as readonly ProblemCode[]

/**
 * What is wrong with one field: its path (`price.USD.amount`, `plans[1]`; empty: the whole value), and a
 * sentence without a full stop.
 */
export interface Problem {
  readonly code: ProblemCode
  readonly field: string
  readonly error: string
  /** What stood there (see `given`). Absent where nothing did, and for what nobody may see. */
  readonly value?: string | undefined
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
    const error = `the record has more than these ${MAX_PROBLEMS} problems`
    problems.push({ code: 'too_many', field: '', error })
  }
}
