import type { RecordLine } from '../../support/builders.js'

/**
 * The rules of contract 8 and 7, as one table: what an attribute may be, from both sides of every limit. An
 * import line and a `POST` obey the same one. The `external_ref`s of valid cases differ within a type, so all
 * of them fit one owner.
 */
export interface Rule {
  readonly type: string
  readonly title: string
  /**
   * JSON, as text: some rules are about what `JSON.stringify` does not write, such as `1e400` and repeated
   * keys.
   */
  readonly attributes: string
  /** `[field, sentence]` each, in no particular order. None: the attributes are valid. */
  readonly problems: readonly Complaint[]
}

export type Complaint = readonly [field: string, sentence: string]

export type Build = (attributes: Readonly<Record<string, unknown>>) => RecordLine

export const rule = (title: string, { data }: RecordLine, ...problems: Complaint[]): Rule => ({
  type: data.type,
  title: `${data.type}: ${title}`,
  attributes: JSON.stringify(data.attributes),
  problems,
})

/** A rule about JSON that has these members, as they stand, after the record's own. */
export const written = (
  title: string,
  record: RecordLine,
  members: string,
  ...problems: Complaint[]
): Rule => {
  const plain = rule(title, record, ...problems)
  const own = plain.attributes.slice(1, -1)
  return { ...plain, attributes: `{${own}${own && ','}${members}}` }
}

/** `{"a":{"a":…1…}}` or `[[…1…]]`, so many levels deep. */
export const nested = (levels: number, open: string, close: string) =>
  `${open.repeat(levels)}1${close.repeat(levels)}`

export const required = (path: string): Complaint => [path, `"${path}" is required`]

export const show = (value: unknown): string => {
  const json = JSON.stringify(value)
  return json.length > 40 ? `${json.slice(0, 40)}…` : json
}

/** A rule's record as a line of a file or the body of a request has it. */
export const asLine = ({ type, attributes }: Rule): string =>
  `{"data":{"type":"${type}","attributes":${attributes}}}`
