import { contentOf, givesContent } from '../../records/content/content.js'
import { notFound } from '../../records/content/resolve.js'
import type { Content, RecordType } from '../../records/record-type.js'
import type { Source } from '../../records/snapshot.js'
import { validatePart } from '../../records/validate.js'
import { referenceLists, toElements } from '../../records/write/references.js'
import { futureProblems } from '../../records/write/referring.js'
import type { Problem } from '../../schema/problem.js'
import type { UploadReader } from '../../uploads/store.js'
import { noCounts } from '../counts.js'
import { type Examined, examineLine, type LinePlace, type LineProblem } from '../file/examine.js'
import type { Line } from '../file/lines.js'
import { BEGINNING_BYTES, WrongFile } from '../file/looks-like.js'
import { type Pass, passes } from '../file/passes.js'
import { type FileToRead, readLines } from '../file/read-lines.js'
import { ErrorKinds } from '../report/kinds.js'
import { refTaken } from '../report/problems.js'
import { type Counts, keepsJournal, type OnConflict } from '../terms.js'
import { FileWarnings } from '../warnings/file-warnings.js'
import { type CountedWarning, inOrder } from '../warnings/warning.js'
import { SeenContents } from './offerings.js'
import { SeenRefs } from './seen-refs.js'

/**
 * A reference that does not lead to a record of the file. It may lead to one of the store, which is not
 * checked.
 */
export interface UnresolvedReference {
  /** From 1. */
  readonly line: number
  /** `products[0]` */
  readonly field: string
  /** What it should lead to: `product`. */
  readonly noun: string
  readonly reference: string
}

/** The outcome of an import of a file, as far as the file itself shows it. */
export interface Checked {
  readonly lines: number
  /** Lines that are well-formed JSON of a known type. */
  readonly uploaded: Counts
  /** Those that an import would accept. */
  readonly valid: Counts
  /** With `skip`: those whose `external_ref` an earlier line has. */
  readonly skipped: Counts
  readonly errors: number
  readonly kinds: ErrorKinds
  readonly warnings: readonly CountedWarning[]
  /** References to records that are not in the file. */
  readonly unresolved: number
  /** Why an import would refuse the file as a whole, in a sentence. */
  readonly unusable: string | undefined
}

/** How far the check is, and what it has found since the last time. */
export interface Progress {
  /** The pass, from 1, and how many bytes of the file it has read. */
  readonly pass: number
  readonly bytes: number
  readonly problems: readonly LineProblem[]
  readonly unresolved: readonly UnresolvedReference[]
}

interface CheckOptions {
  readonly onConflict: OnConflict
  /** Whether references that do not lead to a record of the file are errors. */
  readonly strict: boolean
}

/**
 * Does what an import does with a file, but without the database: reads every line, validates it, and follows
 * its references and its `external_ref` within the file. Memory grows only with the number of `external_ref`s
 * (see `SeenRefs`).
 *
 * @param onProgress is called after each batch of lines, and waited for. Problems come by line within a pass;
 *   those of records that refer to others come in a later pass.
 * @throws UploadMissing if the file becomes shorter meanwhile, and what `onProgress` throws
 */
export async function checkFile(
  file: FileToRead,
  reader: UploadReader,
  options: CheckOptions,
  onProgress: (progress: Progress) => void | Promise<void>,
): Promise<Checked> {
  const check = new FileCheck(options, file.fileBytes)
  for (const pass of passes) {
    if (pass.number > 1 && !check.hasRecordsOf(pass)) continue
    let bytes = 0
    for await (const lines of readLines(file, reader, { bytes: 0, lines: 0 })) {
      for (const line of lines) {
        check.take(line, pass, file.maxLineBytes)
        bytes = line.end
      }
      await onProgress({ pass: pass.number, bytes, ...check.flush() })
    }
  }
  const beginning = Buffer.alloc(BEGINNING_BYTES)
  const length = await reader.read(beginning, 0)
  return check.finish(beginning.subarray(0, length))
}

const NONE: readonly never[] = []

/** In bytes: no valid record takes fewer. */
const SHORTEST_LINE = 64

class FileCheck {
  readonly #options: CheckOptions
  readonly #refs = new SeenRefs()
  readonly #contents = new SeenContents()
  readonly #kinds = new ErrorKinds()
  readonly #warnings: FileWarnings
  readonly #uploaded = noCounts()
  readonly #valid = noCounts()
  readonly #skipped = noCounts()
  #lines = 0
  #errors = 0
  #unresolved = 0
  readonly #wrongFile = new WrongFile()
  #found: { readonly problems: LineProblem[]; readonly unresolved: UnresolvedReference[] } = {
    problems: [],
    unresolved: [],
  }
  /** The record types that the first pass leaves to later ones. */
  readonly #laterTypes = new Set<RecordType>()

  constructor(options: CheckOptions, fileBytes: number) {
    this.#options = options
    const most = fileBytes / SHORTEST_LINE
    this.#warnings = new FileWarnings({ pass: 1, bytes: 0, lines: 0 }, () => most)
  }

  take(line: Line, pass: Pass, maxLineBytes: number): void {
    if (line.number > this.#lines) this.#lines = line.number
    const isPatch = this.#options.onConflict === 'patch'
    const examined = examineLine(line, pass, maxLineBytes, isPatch)
    if (examined.kind === 'passed over') return
    if (examined.kind === 'of another pass') {
      if (pass.number === 1) this.#laterTypes.add(examined.recordType)
      return
    }
    if (examined.kind === 'malformed') {
      this.#wrongFile.add(line, this.#hasRecord, () => examined.problems[0]?.error ?? '')
    } else count(this.#uploaded, examined.recordType)
    this.#warnings.add(line.number, examined)
    if (examined.kind === 'patch') this.#report(this.#takePatch(line, examined))
    else this.#report(examined.kind === 'valid' ? this.#takeRecord(line, examined) : examined.problems)
  }

  /** Whether the first pass has left records to this one. */
  hasRecordsOf({ types }: Pass): boolean {
    return [...types].some((type) => this.#laterTypes.has(type))
  }

  get #hasRecord(): boolean {
    return this.#laterTypes.size > 0 || Object.values(this.#uploaded).some((records) => records > 0)
  }

  /** Only the store knows whether there is a record that has the attributes which a patch leaves out. */
  #takePatch(
    line: Line,
    { recordType, externalRef, attributes }: Extract<Examined, { kind: 'patch' }>,
  ): readonly LineProblem[] {
    const problems = validatePart(recordType, attributes)
    if (problems.length === 0) return this.#takeRecord(line, { kind: 'valid', recordType, attributes })
    const place = { number: line.number, start: line.start }
    return problems.map((problem) => ({ ...problem, line: place, type: recordType.type, externalRef }))
  }

  /** Returns what is wrong with a record in relation to others. */
  #takeRecord(
    { number, start }: Line,
    { recordType, attributes }: Extract<Examined, { kind: 'valid' }>,
  ): readonly LineProblem[] {
    const line = { number, start }
    const externalRef = attributes.external_ref as string | undefined
    const problems = [
      ...this.#follow(recordType, attributes, line),
      // By this machine's clock; an import asks the database's.
      ...futureProblems(recordType, attributes, new Date().toISOString()),
    ]
    const { type } = recordType
    if (problems.length > 0) return problems.map((problem) => ({ ...problem, line, type, externalRef }))
    const holder = externalRef === undefined ? undefined : this.#refs.add(recordType, externalRef, number)
    const { onConflict } = this.#options
    // A patch may leave out what a selection depends on, so nothing is judged by it.
    if (onConflict !== 'patch') this.#contents.remember(recordType, attributes, onConflict === 'update')
    if (externalRef === undefined || holder === undefined || keepsJournal(onConflict)) {
      count(this.#valid, recordType)
    } else if (onConflict === 'skip') count(this.#skipped, recordType)
    else return [refTaken({ line, type, externalRef }, `line ${holder}`)]
    return NONE
  }

  /**
   * Follows a record's references. Returns those that are wrong, including those that only the store knows if
   * that is requested.
   */
  #follow(
    recordType: RecordType,
    attributes: Readonly<Record<string, unknown>>,
    { number: line }: LinePlace,
  ): readonly Problem[] {
    const { references, content } = recordType
    if (content) return this.#followContent(content, attributes, line)
    if (references.length === 0) return NONE
    const lists = referenceLists(recordType, attributes)
    const problems: Problem[] = []
    const unresolved: UnresolvedReference[] = []
    for (const reference of references) {
      const { attribute, to } = reference
      const list = lists[attribute] ?? []
      const sources = new Map<string, Source>()
      for (const [index, element] of list.entries()) {
        if (typeof element !== 'string' || sources.has(element)) continue
        const isThere = this.#refs.find(to, element) !== undefined
        if (!isThere && this.#options.strict) continue
        if (!isThere)
          unresolved.push({ line, field: `${attribute}[${index}]`, noun: to.noun, reference: element })
        sources.set(element, { id: element, owner_id: '' })
      }
      toElements(reference, list, sources, { problems, missing: [] })
    }
    if (problems.length === 0) {
      this.#unresolved += unresolved.length
      this.#found.unresolved.push(...unresolved)
    }
    return problems
  }

  /** Follows what a record refers to the content of, and checks what it selects of it. */
  #followContent(
    content: Content,
    attributes: Readonly<Record<string, unknown>>,
    line: number,
  ): readonly Problem[] {
    if (!givesContent(content, attributes)) return NONE
    const given = contentOf(content, attributes)
    if (!('by' in given)) return NONE
    const { field, by, text } = given
    const isThere = by === 'external_ref' && this.#refs.find(content.to, text) !== undefined
    if (isThere) {
      const problem = this.#contents.problemOf(content, attributes, text)
      return problem ? [problem] : NONE
    }
    if (this.#options.strict) return [notFound(content, given)]
    this.#unresolved += 1
    this.#found.unresolved.push({ line, field, noun: content.to.noun, reference: text })
    return NONE
  }

  #report(problems: readonly LineProblem[]): void {
    this.#errors += problems.length
    for (const problem of problems) {
      this.#kinds.add(problem)
      this.#found.problems.push(problem)
    }
  }

  /** What was found since the last time. */
  flush(): Pick<Progress, 'problems' | 'unresolved'> {
    const found = this.#found
    this.#found = { problems: [], unresolved: [] }
    return found
  }

  /** @param beginning the file's first bytes */
  finish(beginning: Buffer): Checked {
    const records = Object.values(this.#uploaded).reduce((sum, one) => sum + one, 0)
    return {
      lines: this.#lines,
      uploaded: this.#uploaded,
      valid: this.#valid,
      skipped: this.#skipped,
      errors: this.#errors,
      kinds: this.#kinds,
      warnings: inOrder(this.#warnings.take({ pass: passes.length, bytes: 0, lines: 0 }).kinds),
      unresolved: this.#unresolved,
      unusable: this.#wrongFile.verdict(beginning, records),
    }
  }
}

function count(counts: Counts, { type }: RecordType): void {
  counts[type] = (counts[type] ?? 0) + 1
}
