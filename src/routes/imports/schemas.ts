import { type TSchema, Type } from 'typebox'
import { owner, timestamp, timestamps, uuid } from '../../http/schemas.js'
import { FAILURE_REASONS, IMPORT_STATUSES, ON_CONFLICT } from '../../imports/import.js'
import { recordTypes } from '../../records/index.js'
import { externalRef, oneOf } from '../../records/kinds.js'

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
          skipped: Type.Optional(
            counts(
              'Those left out because their `external_ref` is there already; only with `on_conflict=skip`.',
            ),
          ),
        }),
        dry_run: Type.Optional(Type.Literal(true, { description: 'It is a rehearsal: nothing is added.' })),
        on_conflict: Type.Optional(
          oneOf(ON_CONFLICT, 'What happens to a record that is there already; absent: it is an error.'),
        ),
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
  Type.Object(
    {
      id: uuid("The kind's id, in its import."),
      type: oneOf(['subscription_import_error_kind'], 'The type.'),
      meta: Type.Object({
        field: Type.String({
          description: "The attribute's path, without places: `plans[]`, `price.*.amount`.",
        }),
        error: Type.String({ description: 'What is wrong, without names: `plan "…" was not found`.' }),
        lines: Type.Integer({ minimum: 1, description: 'How many lines have such an error.' }),
        first_line_number: Type.Integer({ minimum: 1, description: 'The first of them.' }),
      }),
    },
    { $id: 'ImportErrorKind', description: 'Errors that say the same but for names, places and numbers.' },
  ),
  Type.Object(
    {
      line_number: Type.Integer({ minimum: 1, description: 'The physical line, from 1.' }),
      type: oneOf(
        recordTypes.map(({ type }) => type),
        "The record's type.",
      ),
      id: uuid("The record's id."),
      external_ref: Type.Optional(Type.String({ description: 'As it is now, where there is one.' })),
    },
    { $id: 'ImportResult', description: 'The record that an imported line became.' },
  ),
]

const file = Type.String({
  format: 'binary',
  description:
    'The file, in JSON Lines and UTF-8: one `ImportLine` a line, of any type in any order. Blank lines, CRLF and a byte-order mark are fine. It may be compressed by gzip.',
})

const options = {
  external_ref: Type.Optional(externalRef),
  dry_run: Type.Optional(
    oneOf(
      ['false', 'true'],
      'A rehearsal: everything is checked, references and conflicts included, and nothing is added. In a form, put it before the file.',
    ),
  ),
  on_conflict: Type.Optional(
    oneOf(
      ON_CONFLICT,
      "What happens to a record whose `external_ref` is there already: it is an error, it is left out, or it replaces the attributes of the one that is there (an offering's snapshots too). Default: `reject`.",
    ),
  ),
}

/** What an import is made of, by media type. */
export const importBodies: Readonly<Record<string, TSchema>> = {
  'multipart/form-data': Type.Object({ import_file: file, ...options }),
  'application/jsonl': file,
  'application/x-ndjson': file,
}

/** The options where the body is the file alone. */
export const importParameters = options
