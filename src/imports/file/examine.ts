import type { RecordType } from '../../records/record-type.js'
import { validateRecord } from '../../records/validate.js'
import type { Problem } from '../../schema/problem.js'
import { isStorableText } from '../../text/text.js'
import { classify } from './classify.js'
import type { Line } from './lines.js'
import type { Pass } from './passes.js'

/** The number of a line, from 1, and where in the file it starts, in bytes. */
export interface LinePlace {
  readonly number: number
  readonly start: number
}

/** A problem and its line. */
export interface LineProblem extends Problem {
  readonly line: LinePlace
  /** The record's type; undefined: the line is not a record. */
  readonly type: string | undefined
  readonly externalRef: string | undefined
  /** The id of the record that has the `external_ref`. */
  readonly usedBy?: string
}

/** The result of examining a line in a pass, by itself. */
export type Examined =
  /** Blank, or not of this pass. */
  | { readonly kind: 'passed over' }
  /** A record that another pass processes. */
  | { readonly kind: 'of another pass'; readonly recordType: RecordType }
  | { readonly kind: 'malformed'; readonly problems: readonly LineProblem[] }
  | { readonly kind: 'invalid'; readonly recordType: RecordType; readonly problems: readonly LineProblem[] }
  /** Its attributes are valid by themselves. */
  | { readonly kind: 'valid'; readonly recordType: RecordType; readonly attributes: Attributes }
  /** Which of its attributes are missing depends on whether there is a record with its `external_ref`. */
  | ({ readonly kind: 'patch'; readonly recordType: RecordType } & Patch)

type Attributes = Readonly<Record<string, unknown>>

/** A line that may change an existing record. */
export interface Patch {
  readonly externalRef: string
  /** As they stand in the line. */
  readonly attributes: Attributes
  /** What is wrong with them if there is no such record, so that they are a new one's. */
  readonly problems: readonly Problem[]
}

const PASSED_OVER: Examined = { kind: 'passed over' }

/** The first pass reports lines that are no records; a later one leaves out whatever is not its own. */
const isFirst = ({ number }: Pass): boolean => number === 1

/**
 * Reads and validates a line if it belongs to the pass.
 *
 * @param isPatch whether a line with an `external_ref` may change an existing record in part
 */
export function examineLine(line: Line, pass: Pass, maxLineBytes: number, isPatch = false): Examined {
  if (!isFirst(pass) && !mayHold(line, pass.names)) return PASSED_OVER
  const content = classify(line, maxLineBytes, pass)
  const place = { number: line.number, start: line.start }
  if (content.kind === 'malformed' && isFirst(pass)) {
    const of = { line: place, type: undefined, externalRef: undefined }
    return { kind: 'malformed', problems: [{ ...content.problem(), ...of }] }
  }
  if (content.kind !== 'record') return PASSED_OVER
  const { recordType, attributes } = content
  if (!pass.types.has(recordType)) return { kind: 'of another pass', recordType }
  const patched = isPatch ? showableRef(attributes) : undefined
  if (patched !== undefined) return patch(recordType, patched, attributes as Attributes)
  const problems = validateRecord(recordType, attributes)
  if (problems.length === 0) return { kind: 'valid', recordType, attributes: attributes as Attributes }
  const of = { line: place, type: recordType.type, externalRef: showableRef(attributes) }
  return { kind: 'invalid', recordType, problems: problems.map((problem) => ({ ...problem, ...of })) }
}

function patch(recordType: RecordType, externalRef: string, attributes: Attributes): Examined {
  // Validation removes what counts as absent, and here `null` counts.
  const problems = validateRecord(recordType, structuredClone(attributes))
  return { kind: 'patch', recordType, externalRef, attributes, problems }
}

/**
 * Whether a line may be a record of a type: it has the type's name in plain letters, or something escaped.
 */
function mayHold({ bytes }: Line, names: readonly Buffer[]): boolean {
  return bytes !== null && (names.some((name) => bytes.includes(name)) || bytes.includes('\\u'))
}

/** The `external_ref` of a record that is otherwise wrong, if it can be shown. */
function showableRef(attributes: unknown): string | undefined {
  const ref = (attributes as { external_ref?: unknown } | null | undefined)?.external_ref
  // At most 2048 code points, which are at most twice as many UTF-16 units.
  return typeof ref === 'string' &&
    ref !== '' &&
    ref.length <= 4096 &&
    [...ref].length <= 2048 &&
    isStorableText(ref)
    ? ref
    : undefined
}
