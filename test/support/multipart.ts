/** One part of a form, as it goes over the wire. */
export interface Part {
  readonly name: string
  readonly content: string | Uint8Array
  /** Absent: the part is a field. */
  readonly fileName?: string
}

export const BOUNDARY = 'intake-test-boundary'

export const formType = `multipart/form-data; boundary=${BOUNDARY}`

/** The bytes up to a part's content. */
export const partHead = ({ name, fileName }: Omit<Part, 'content'>): string =>
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${
    fileName === undefined ? '' : `; filename="${fileName}"`
  }\r\n\r\n`

export const formEnd = `--${BOUNDARY}--\r\n`

/** A form whose parts come in the order given; without the `end` that closes it, it is broken. */
export function multipart(parts: readonly Part[], end: string = formEnd): Buffer {
  return Buffer.concat([
    ...parts.flatMap((part) => [Buffer.from(partHead(part)), Buffer.from(part.content), Buffer.from('\r\n')]),
    Buffer.from(end),
  ])
}

export const importFile = (content: string | Uint8Array, fileName = 'import.jsonl'): Part => ({
  name: 'import_file',
  content,
  fileName,
})

export const externalRef = (content: string): Part => ({ name: 'external_ref', content })
