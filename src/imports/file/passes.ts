import { setImmediate } from 'node:timers/promises'
import { recordTypes } from '../../records/index.js'
import type { RecordType } from '../../records/record-type.js'
import { validateRecord } from '../../records/validate.js'
import type { Problem } from '../../schema/problem.js'
import { isStorableText } from '../../text/text.js'
import { UploadMissing, type UploadReader } from '../../uploads/store.js'
import { type Line, LineSplitter, readLine } from './lines.js'
import { recognizeLine } from './recognize.js'

/**
 * A walk over a file. Records that refer to others come in a later pass than all that they may refer to, wherever they
 * stand.
 */
export interface Pass {
  /** From 1. */
  readonly number: number
  /** The types whose records are looked at. */
  readonly types: ReadonlySet<RecordType>
  /** Those of the types, with their quotes, as the bytes of a line have them. */
  readonly names: readonly Buffer[]
}

export const passes: readonly Pass[] = passesOf(recordTypes)

/** As many passes as the longest way from a record type over its references to one that has none. */
export function passesOf(types: readonly RecordType[]): readonly Pass[] {
  return Array.from({ length: Math.max(...types.map(passNumberOf)) }, (_, index) => {
    const own = types.filter((recordType) => passNumberOf(recordType) === index + 1)
    return {
      number: index + 1,
      types: new Set(own),
      names: own.map(({ type }) => Buffer.from(`"${type}"`)),
    }
  })
}

function passNumberOf({ references }: RecordType): number {
  return 1 + Math.max(0, ...references.map(({ to }) => passNumberOf(to)))
}

/** The first pass reads every line and reports those that are no records; a later one leaves out what is not its own. */
const isFirst = ({ number }: Pass): boolean => number === 1

/** The bytes of a file, and what a line of it may have at most. */
export interface FileToRead {
  readonly fileBytes: number
  readonly maxLineBytes: number
}

/** How much is read at a time, and how much of it is worked before others have their turn: about 3 ms. */
const READ_BYTES = 256 * 2 ** 10
const BATCH_BYTES = READ_BYTES / 4

/**
 * The lines of a file, in batches. Each batch has to be walked through before the next, and a
 * line's bytes are valid until the next line.
 *
 * @throws UploadMissing if the file ends early
 */
export async function* readLines(
  { fileBytes, maxLineBytes }: FileToRead,
  reader: UploadReader,
  from: { readonly bytes: number; readonly lines: number },
): AsyncGenerator<Iterable<Line>, void, undefined> {
  const splitter = new LineSplitter(maxLineBytes, from)
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  for (let position = from.bytes; position < fileBytes; ) {
    const length = await reader.read(buffer, position)
    if (length === 0) throw new UploadMissing(`The uploaded file ends at byte ${position} of ${fileBytes}.`)
    position += length
    for (let start = 0; start < length; start += BATCH_BYTES) {
      if (start > 0) await setImmediate()
      yield splitter.push(buffer.subarray(start, Math.min(start + BATCH_BYTES, length)))
    }
    if (position >= fileBytes) yield splitter.end()
  }
}

/** Which line, from 1, and where in the file it begins, in bytes. */
export interface LinePlace {
  readonly number: number
  readonly start: number
}

/** A problem and where it is. */
export interface LineProblem extends Problem {
  readonly line: LinePlace
  readonly externalRef: string | undefined
}

/** What a line comes to in a pass, by itself. */
export type Examined =
  /** Blank, or nothing of this pass. */
  | { readonly kind: 'passed over' }
  /** A record that another pass looks at. */
  | { readonly kind: 'of another pass'; readonly recordType: RecordType }
  | { readonly kind: 'malformed'; readonly problems: readonly LineProblem[] }
  | { readonly kind: 'invalid'; readonly recordType: RecordType; readonly problems: readonly LineProblem[] }
  /** Its attributes are valid by themselves. */
  | { readonly kind: 'valid'; readonly recordType: RecordType; readonly attributes: Attributes }

type Attributes = Readonly<Record<string, unknown>>

const PASSED_OVER: Examined = { kind: 'passed over' }

/** Reads and validates a line, if it is one of the pass. */
export function examineLine(line: Line, pass: Pass, maxLineBytes: number): Examined {
  const ofLaterPass = isFirst(pass) ? laterTypeOf(line, pass) : undefined
  if (ofLaterPass) return { kind: 'of another pass', recordType: ofLaterPass }
  if (!isFirst(pass) && !mayHold(line, pass.names)) return PASSED_OVER
  const content = readLine(line, maxLineBytes)
  const place = { number: line.number, start: line.start }
  if (content.kind === 'malformed' && isFirst(pass)) {
    const problem = { line: place, field: '', error: content.error, externalRef: undefined }
    return { kind: 'malformed', problems: [problem] }
  }
  if (content.kind !== 'record') return PASSED_OVER
  const { recordType, attributes } = content
  if (!pass.types.has(recordType)) return { kind: 'of another pass', recordType }
  const problems = validateRecord(recordType, attributes)
  if (problems.length === 0) return { kind: 'valid', recordType, attributes: attributes as Attributes }
  const externalRef = showableRef(attributes)
  return {
    kind: 'invalid',
    recordType,
    problems: problems.map((problem) => ({ ...problem, line: place, externalRef })),
  }
}

/** Whether a line may be a record of a type: it has the type's name in plain letters, or something escaped. */
function mayHold({ bytes }: Line, names: readonly Buffer[]): boolean {
  return bytes !== null && (names.some((name) => bytes.includes(name)) || bytes.includes('\\u'))
}

const namesOfLaterPasses = passes.slice(1).flatMap(({ names }) => names)

/** The type of a well-formed record that the first pass has nothing to do with: it need not be parsed to be known. */
function laterTypeOf({ bytes }: Line, first: Pass): RecordType | undefined {
  if (bytes === null || !namesOfLaterPasses.some((name) => bytes.includes(name))) return undefined
  const content = recognizeLine(bytes)
  return typeof content === 'object' && !first.types.has(content) ? content : undefined
}

/** The `external_ref` of a record that is wrong elsewhere, if it can be shown. */
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
