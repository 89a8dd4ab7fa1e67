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

/** What is posted to webhooks (docs/webhooks.md), in the form that the document uses for our requests. */
export const webhookDocument = {
  'import.finished': {
    post: {
      operationId: 'importFinished',
      tags: ['Imports'],
      summary: 'An import has ended.',
      description:
        'Posted to the webhooks of the store or organization that owns the import, whether it succeeded, failed, was canceled or was a rehearsal. ' +
        'Signed according to [Standard Webhooks](https://www.standardwebhooks.com). Sent again until it is accepted, so perhaps more than once.',
      parameters: [
        header('webhook-id', "The message's id, which stays the same when it is sent again."),
        header('webhook-timestamp', 'When it was sent, in seconds since 1970.'),
        header('webhook-signature', '`v1,` and the HMAC-SHA256, in Base64, of id, timestamp and body.'),
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: Type.Object({
              type: oneOf(['import.finished'], 'What happened.'),
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
  },
}
