import type { Static } from 'typebox'
import { oneOf, text, uuid } from '../../records/attribute-kinds.js'
import { owner, timestamp, timestamps } from '../../records/meta.js'
import { PROBLEM_CODES } from '../../schema/problem.js'
import { Type } from '../../schema/type.js'
import { type Counts, FAILURE_REASONS, IMPORT_STATUSES, ON_CONFLICT, WARNING_CODES } from '../terms.js'

/**
 * The resources of imports (contract 6), declared once: routes send them, the OpenAPI document shows them,
 * and the command line, the console and the tests read them.
 */

const count = (description: string) => Type.Integer({ minimum: 0, description })

/** The `external_ref` of an import. */
export const importRef = text(
  0,
  2048,
  "The caller's own name for the import, unique among its imports that have neither failed nor been undone. A rehearsal takes none.",
)

/** The id of another import. */
const other = (description: string) => Type.Optional(uuid(description))

/** A record type, as named in counts. */
interface Counted {
  readonly type: string
  readonly table: string
}

/** @param recordTypes the types that counts have a key for. */
const countsBy = (recordTypes: readonly Counted[]) => {
  const byType = Object.fromEntries(recordTypes.map(({ type, table }) => [type, count(`How many ${table}.`)]))
  return (description: string) => Type.Unsafe<Counts>(Type.Object(byType, { description }))
}

const importTimestamps = Type.Object({
  ...timestamps.properties,
  started_at: Type.Optional(timestamp('When the work began.')),
  finished_at: Type.Optional(timestamp('When the work ended.')),
})

const failure = (description: string) =>
  Type.Optional(
    Type.Object(
      {
        reason: oneOf(FAILURE_REASONS, 'For programs.'),
        detail: Type.String({ description: 'For people: what happened and what to do.' }),
      },
      { description },
    ),
  )

/** What becomes of the records that an import added or changed when it is taken back (contract 12). */
const undoCounts = (recordTypes: readonly Counted[]) => {
  const counts = countsBy(recordTypes)
  return {
    removed: counts('Those that the import had added and that are removed.'),
    restored: counts('Those that it had changed and that have the values back that they had before.'),
    kept: counts('Those that stay as they are, since they were changed later or others hold them.'),
  }
}

/** @param recordTypes the types that counts have a key for. */
export function importSchema(recordTypes: readonly Counted[]) {
  const counts = countsBy(recordTypes)
  return Type.Object(
    {
      id: uuid("The import's id."),
      type: oneOf(['subscription_import'], 'The type.'),
      attributes: Type.Object({
        external_ref: Type.Optional(importRef),
        status: oneOf(
          IMPORT_STATUSES,
          'From `pending` to `started` to `success` (processed to the end, even if some records were rejected) or `failed`.',
        ),
      }),
      meta: Type.Object({
        owner,
        created_by: Type.Optional(
          Type.String({ description: 'The name of the credential that it was created with.' }),
        ),
        timestamps: importTimestamps,
        records: Type.Object({
          uploaded: counts('The lines that are well-formed JSON of a known type.'),
          imported: counts('Those that were also valid and were added. Live while the import runs.'),
          skipped: Type.Optional(
            counts(
              'Those skipped because their `external_ref` already exists; only with `on_conflict=skip`.',
            ),
          ),
          updated: Type.Optional(
            counts(
              'Those of the imported that were there already and were changed; only with `update` or `patch`.',
            ),
          ),
          unchanged: Type.Optional(
            counts(
              'Those of the imported that were there already and were equal; only with `update` or `patch`.',
            ),
          ),
        }),
        progress: Type.Number({
          minimum: 0,
          maximum: 1,
          description:
            'How much of the work is done; never less than before, and 1 once it has reached its end.',
        }),
        dry_run: Type.Optional(Type.Literal(true, { description: 'It is a rehearsal: nothing is added.' })),
        on_conflict: Type.Optional(
          oneOf(ON_CONFLICT, 'What happens to a record that already exists; absent: it is an error.'),
        ),
        max_errors: Type.Optional(count('It stops once more lines than this are rejected.')),
        errors: count('How many entries the report has.'),
        warnings: count('How many lines have a warning.'),
        file: Type.Object({
          name: Type.Optional(Type.String({ description: 'The name that it was sent with.' })),
          bytes: count('The size.'),
          lines: count('How many physical lines there are.'),
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'The hash, in hexadecimal.' }),
        }),
        same_file_as: other('An earlier import of a file with the same bytes.'),
        rehearsal_of: other('The rehearsal that it runs for real.'),
        run_as: other('The import that runs this rehearsal for real.'),
        fixes: other('The import whose rejected lines its file has, corrected.'),
        fixed_by: other('The latest import with its rejected lines, corrected.'),
        failure: failure('Why the import failed.'),
        undo: Type.Optional(
          Type.Object(
            {
              status: oneOf(
                IMPORT_STATUSES,
                'From `pending` to `started` to `success` or `failed`. One that failed is resumed by another request.',
              ),
              ...undoCounts(recordTypes),
              timestamps: importTimestamps,
              failure: failure('Why the undo failed.'),
            },
            { description: 'How the import was taken back; absent: it was not.' },
          ),
        ),
      }),
    },
    { $id: 'Import', description: 'An import: a file and its outcome.' },
  )
}

export type ImportResource = Static<ReturnType<typeof importSchema>>

/** What an undo would do. @param recordTypes the types that counts have a key for. */
export const undoPreviewSchema = (recordTypes: readonly Counted[]) =>
  Type.Object(
    {
      type: oneOf(['subscription_import_undo'], 'The type.'),
      meta: Type.Object({
        dry_run: Type.Literal(true, { description: 'Nothing was changed.' }),
        ...undoCounts(recordTypes),
      }),
    },
    { $id: 'ImportUndoPreview', description: 'What it would do to take an import back.' },
  )

export type UndoPreviewResource = Static<ReturnType<typeof undoPreviewSchema>>

export const importErrorSchema = Type.Object(
  {
    id: uuid("The error's id."),
    type: oneOf(['subscription_import_error'], 'The type.'),
    meta: Type.Object({
      owner,
      timestamps,
      code: Type.Optional(
        oneOf(PROBLEM_CODES, 'What is wrong, in a stable word; errors from before an upgrade have none.'),
      ),
      error: Type.String({ description: 'What is wrong, in a sentence.' }),
      field: Type.String({
        description:
          "The attribute's path: `price.USD.amount`, `plans[1]`. Empty if the whole line is wrong.",
      }),
      value: Type.Optional(
        Type.String({
          description:
            'What stood there, at most 200 characters of it: a text as it is, anything else as JSON. Absent if nothing did, if the whole line is wrong, for a number that is not known exactly, and for what nobody may see.',
        }),
      ),
      line_number: Type.Integer({ minimum: 1, description: 'The physical line, from 1.' }),
      record_type: Type.Optional(Type.String({ description: "The record's type, if the line is a record." })),
      external_ref: Type.Optional(Type.String({ description: "The record's external_ref, if it has one." })),
      used_by: Type.Optional(
        Type.Object(
          {
            line_number: Type.Optional(Type.Integer({ minimum: 1, description: 'Its line in this file.' })),
            type: Type.Optional(Type.String({ description: 'Its type, if it is not of this file.' })),
            id: Type.Optional(uuid('Its id, if it is not of this file.')),
          },
          { description: 'The record that has the `external_ref` already.' },
        ),
      ),
    }),
  },
  { $id: 'ImportError', description: 'One problem of one line.' },
)

export type ImportErrorResource = Static<typeof importErrorSchema>

export const importWarningSchema = Type.Object(
  {
    id: uuid("The warning's id, in its import."),
    type: oneOf(['subscription_import_warning'], 'The type.'),
    meta: Type.Object({
      owner,
      code: oneOf(WARNING_CODES, 'What it is about, in a stable word.'),
      field: Type.String({
        description: "The attribute's path, without places: `colour`, `products[].colour`. Empty: none.",
      }),
      record_type: Type.Optional(Type.String({ description: "The records' type, if it is about records." })),
      warning: Type.String({ description: 'The same in a sentence.' }),
      lines: count('How many lines have it; 0 if it is about the file.'),
      first_line_number: Type.Optional(Type.Integer({ minimum: 1, description: 'The first of them.' })),
    }),
  },
  { $id: 'ImportWarning', description: 'What is no error and yet would surprise.' },
)

export type ImportWarningResource = Static<typeof importWarningSchema>

export const importErrorKindSchema = Type.Object(
  {
    id: uuid("The kind's id, in its import."),
    type: oneOf(['subscription_import_error_kind'], 'The type.'),
    meta: Type.Object({
      field: Type.String({
        description: "The attribute's path, without places: `plans[]`, `price.*.amount`.",
      }),
      code: Type.Optional(
        oneOf(PROBLEM_CODES, 'What is wrong, in a stable word; errors from before an upgrade have none.'),
      ),
      error: Type.String({ description: 'What is wrong, without names: `plan "…" was not found`.' }),
      lines: Type.Integer({ minimum: 1, description: 'How many lines have such an error.' }),
      first_line_number: Type.Integer({ minimum: 1, description: 'The first of them.' }),
    }),
  },
  { $id: 'ImportErrorKind', description: 'Errors that are the same apart from names, places and numbers.' },
)

export type ImportErrorKindResource = Static<typeof importErrorKindSchema>
