import type { TSchema } from 'typebox'
import { uuid } from '../../http/operation/schemas.js'
import {
  importErrorKindSchema,
  importErrorSchema,
  importRef,
  importSchema,
  importWarningSchema,
  undoPreviewSchema,
} from '../../imports/resource/schema.js'
import { KEPT_REASONS, ON_CONFLICT } from '../../imports/terms.js'
import { oneOf } from '../../records/attribute-kinds.js'
import { recordTypes } from '../../records/index.js'
import { Type } from '../../schema/type.js'

/** The documented schemas of imports (contract 6), by their `$id`. */
export const importSchemas: readonly TSchema[] = [
  importSchema(recordTypes),
  undoPreviewSchema(recordTypes),
  importErrorSchema,
  importErrorKindSchema,
  importWarningSchema,
  Type.Object(
    {
      line_number: Type.Integer({ minimum: 1, description: 'The physical line, from 1.' }),
      type: oneOf(
        recordTypes.map(({ type }) => type),
        "The record's type.",
      ),
      id: uuid("The record's id."),
      external_ref: Type.Optional(Type.String({ description: 'The current one, if there is one.' })),
    },
    { $id: 'ImportResult', description: 'The record that an imported line became.' },
  ),
  Type.Object(
    {
      line_number: Type.Integer({ minimum: 1, description: 'The physical line, from 1.' }),
      type: oneOf(
        recordTypes.map(({ type }) => type),
        "The record's type.",
      ),
      id: Type.Optional(uuid("The record's id. Absent where only the dry run has added it.")),
      external_ref: Type.Optional(Type.String({ description: "The line's, if it has one." })),
      change: oneOf(
        ['created', 'updated', 'unchanged'],
        'Whether the record was added, changed, or left as it was since it was equal already.',
      ),
      attributes: Type.Optional(
        Type.Record(Type.String(), Type.Array(Type.Unsafe<unknown>({}), { minItems: 2, maxItems: 2 }), {
          description:
            'Of a changed record, the attributes that differ: name → the value before and after, `null` where there is none. Lists of what it holds are shown by `external_ref`, else the id of the original, else the name; the same on both sides: the copies were renewed, since an original has changed. Write-only attributes are `hidden`. Absent if they were not recorded: the import is from before an upgrade, or what the record held was very large.',
        }),
      ),
    },
    { $id: 'ImportChange', description: 'What an imported line did to a record, or would do.' },
  ),
  Type.Object(
    {
      line_number: Type.Integer({ minimum: 1, description: 'The line that added or changed it.' }),
      type: oneOf(
        recordTypes.map(({ type }) => type),
        "The record's type.",
      ),
      id: uuid("The record's id."),
      external_ref: Type.Optional(Type.String({ description: 'Its external_ref, if it has one.' })),
      reason: oneOf(
        KEPT_REASONS,
        'Why it stays: it was changed after the import; something else holds it by now; it was deleted; or the import is from before an upgrade, and what the record was before is not known.',
      ),
      detail: Type.String({ description: 'The same for people, and what holds it.' }),
    },
    { $id: 'ImportKept', description: 'A record that the undo of an import has left as it is.' },
  ),
]

const file = Type.String({
  format: 'binary',
  description:
    'The file, in JSON Lines and UTF-8: one `ImportLine` per line, of any type in any order. Blank lines, CRLF and a byte-order mark are fine. It may be compressed with gzip. Where it is the whole body, a `Content-Disposition` header may give its `filename`.',
})

const options = {
  external_ref: Type.Optional(importRef),
  dry_run: Type.Optional(
    oneOf(
      ['false', 'true'],
      'A rehearsal: everything is checked, references and conflicts included, and nothing is added. In a form, put it before the file.',
    ),
  ),
  on_conflict: Type.Optional(
    oneOf(
      ON_CONFLICT,
      'What happens to a record whose `external_ref` already exists: `reject`: it is an error. `skip`: it is skipped. `update`: it replaces all attributes of the existing one, and what that holds. `patch`: it changes those that the line gives, `null` clears one, and the others stay; prices are merged by currency, lists are replaced. Default: `reject`.',
    ),
  ),
  max_errors: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description:
        'Once more lines than this are rejected, the import stops and has failed, with the reason `too_many_errors`; what was imported by then stays. A retry resumes it without the limit. Absent: there is no limit.',
    }),
  ),
  fixes: Type.Optional(uuid("The caller's import whose rejected lines this file has, corrected.")),
}

/** The body of an import, by media type. */
export const importBodies: Readonly<Record<string, TSchema>> = {
  'multipart/form-data': Type.Object({ import_file: file, ...options }),
  'application/jsonl': file,
  'application/x-ndjson': file,
}

/** The options if the body is only the file. */
export const importParameters = options
