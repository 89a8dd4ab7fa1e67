import type { TSchema } from 'typebox'
import { timestamp } from '../http/operation/schemas.js'
import { oneOf } from '../records/attribute-kinds.js'
import { Type } from '../schema/type.js'

const header = (name: string, description: string) => ({
  name,
  in: 'header' as const,
  required: true,
  description,
  schema: { type: 'string' as const },
})

const importOf = (description: string): TSchema =>
  Type.Unsafe({ $ref: '#/components/schemas/Import', description })

const headers = [
  header('webhook-id', "The message's id, which stays the same when it is sent again."),
  header('webhook-timestamp', 'When it was sent, in seconds since 1970.'),
  header('webhook-signature', '`v1,` and the HMAC-SHA256, in Base64, of id, timestamp and body.'),
]

interface Documented {
  readonly type: string
  readonly operationId: string
  readonly summary: string
  readonly when: string
}

const message = ({ type, operationId, summary, when }: Documented) => ({
  post: {
    operationId,
    tags: ['Imports'],
    summary,
    description:
      `Posted to the webhooks of the store or organization that owns the import, ${when}. ` +
      'Signed according to [Standard Webhooks](https://www.standardwebhooks.com). Sent again until it is accepted, so perhaps more than once.',
    parameters: headers,
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: Type.Object({
            type: oneOf([type], 'What happened.'),
            timestamp: timestamp('When it ended.'),
            data: importOf('The import as it was then, as its owner sees it.'),
          }),
        },
      },
    },
    responses: {
      '2XX': {
        description:
          'The message is accepted. After anything else, or nothing within 15 s, it is sent again later.',
      },
    },
  },
})

/** What is posted to webhooks (docs/webhooks.md), in the form that the document uses for our requests. */
export const webhookDocument = {
  'import.finished': message({
    type: 'import.finished',
    operationId: 'importFinished',
    summary: 'An import has ended.',
    when: 'whether it succeeded, failed, was canceled or was a rehearsal',
  }),
  'import.undone': message({
    type: 'import.undone',
    operationId: 'importUndone',
    summary: 'The undo of an import has ended.',
    when: 'whether the undo succeeded or failed, as `meta.undo` of the import shows',
  }),
}
