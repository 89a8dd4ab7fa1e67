import { waysOf } from '../records/content/content.js'
import { recordTypes } from '../records/index.js'
import type { RecordType } from '../records/record-type.js'

type Attributes = Readonly<Record<string, unknown>>

/**
 * A file of valid records, type by type: so many of the examples in the type's documentation, each with an
 * `external_ref` of its own.
 */
export const exampleFile = (recordsOfAType: number): Buffer =>
  Buffer.from(
    recordTypes
      .flatMap((recordType) =>
        Array.from({ length: recordsOfAType }, (_, index) => lineOf(recordType, index)),
      )
      .join(''),
  )

function lineOf(recordType: RecordType, index: number): string {
  const { type, references, content } = recordType
  const attributes = {
    ...exampleOf(recordType, index),
    external_ref: refOf(recordType, index),
    ...Object.fromEntries(references.map(({ attribute, to }) => [attribute, [refOf(to, index)]])),
    ...(content && { [waysOf(content).ref]: refOf(content.to, index) }),
  }
  return `${JSON.stringify({ data: { type, attributes } })}\n`
}

function exampleOf({ attributes: { examples = [] } }: RecordType, index: number): Attributes {
  return examples[index % examples.length] ?? {}
}

const refOf = ({ noun }: RecordType, index: number): string => `${noun}-${index}`
