import { type TSchema, Type } from 'typebox'
import { owner, timestamp, timestamps, uuid } from '../http/schemas.js'
import { FAILURE_REASONS, IMPORT_STATUSES } from '../imports/import.js'
import { externalRef, oneOf } from '../records/attributes.js'
import { recordTypes } from '../records/index.js'

const count = (description: string) => Type.Integer({ minimum: 0, description })

const counts = (description: string) =>
  Type.Object(Object.fromEntries(recordTypes.map(({ type, table }) => [type, count(`How many ${table}.`)])), {
    description,
  })

/** The documented schemas of imports (contract 6), by their `$id`. */
export const importSchemas: readonly TSchema[] = [
  Type.Object(
    {
      id: uuid("The import's id."),
      type: oneOf(['subscription_import'], 'The type.'),
      attributes: Type.Object({
        external_ref: Type.Optional(externalRef),
        status: oneOf(
          IMPORT_STATUSES,
          'From `pending` to `started` to `success` (worked to the end, even if some records were rejected) or `failed`.',
        ),
      }),
      meta: Type.Object({
        owner,
        timestamps: Type.Object({
          ...timestamps.properties,
          started_at: Type.Optional(timestamp('When the work began.')),
          finished_at: Type.Optional(timestamp('When the work ended.')),
        }),
        records: Type.Object({
          uploaded: counts('The lines that are well-formed JSON of a known type.'),
          imported: counts('Those that were also valid and were added. Live while the import runs.'),
        }),
        errors: count('How many entries the report has.'),
        file: Type.Object({
          bytes: count('The size.'),
          lines: count('How many physical lines there are.'),
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'The hash, in hexadecimal.' }),
        }),
        failure: Type.Optional(
          Type.Object(
            {
              reason: oneOf(FAILURE_REASONS, 'For programs.'),
              detail: Type.String({ description: 'For people: what happened and what to do.' }),
            },
            { description: 'Why the import failed.' },
          ),
        ),
      }),
    },
    { $id: 'Import', description: 'An import: a file, and what became of it.' },
  ),
  Type.Object(
    {
      id: uuid("The error's id."),
      type: oneOf(['subscription_import_error'], 'The type.'),
      meta: Type.Object({
        owner,
        timestamps,
        error: Type.String({ description: 'What is wrong, in a sentence.' }),
        field: Type.String({
          description:
            "The attribute's path: `price.USD.amount`, `plans[1]`. Empty where the whole line is at fault.",
        }),
        line_number: Type.Integer({ minimum: 1, description: 'The physical line, from 1.' }),
        external_ref: Type.Optional(
          Type.String({ description: "The record's external_ref, where it has one." }),
        ),
      }),
    },
    { $id: 'ImportError', description: 'One problem of one line.' },
  ),
]

/** The form that an import is made of. */
export const importForm = Type.Object({
  import_file: Type.String({
    format: 'binary',
    description:
      'The file, in JSON Lines and UTF-8: one `ImportLine` a line, of any type in any order. Blank lines, CRLF and a byte-order mark are fine.',
  }),
  external_ref: Type.Optional(externalRef),
})
