import { MAX_OFFSET } from '../../http/lists/paging.js'
import { operation } from '../../http/operation/operation.js'
import { dataOf, listOf, owner, pageParameters, timestamp, uuid } from '../../http/operation/schemas.js'
import { oneOf } from '../../records/attribute-kinds.js'
import { Type } from '../../schema/type.js'
import { MAX_WEBHOOKS } from '../../webhooks/webhooks.js'

const type = oneOf(['webhook'], 'The type.')
const url = Type.String({ description: 'Where messages are posted to.' })

const Webhook = Type.Object({
  id: uuid('Its id.'),
  type,
  attributes: Type.Object({ url }),
  meta: Type.Object({
    owner,
    warnings: Type.Array(Type.String(), {
      description: 'What one should know about this URL, in sentences.',
    }),
    timestamps: Type.Object({ created_at: timestamp('When it was added.') }),
  }),
})

const CreatedWebhook = Type.Object({
  ...Webhook.properties,
  attributes: Type.Object({
    url,
    secret: Type.String({ description: 'What messages are signed with. It is not shown again.' }),
  }),
})

export const NewWebhook = dataOf(Type.Object({ type, attributes: Type.Object({ url }) }))

const WebhookDelivery = Type.Object({
  id: uuid("The message's id, its header `webhook-id`."),
  type: oneOf(['webhook_delivery'], 'The type.'),
  attributes: Type.Object({
    event: Type.String({ description: 'What the message says: `import.finished`, say, or `webhook.test`.' }),
    status: oneOf(['waiting', 'delivered', 'failed'], 'Whether it was accepted.'),
    attempts: Type.Integer({ minimum: 0, description: 'How often it was sent.' }),
    answer: Type.Optional(Type.String({ description: 'What came of the last attempt, in words.' })),
  }),
  meta: Type.Object({
    owner,
    import_id: Type.Optional(uuid('The import that it is about.')),
    timestamps: Type.Object({
      created_at: timestamp('When it was created.'),
      last_attempt_at: Type.Optional(timestamp('When it was last sent.')),
      next_attempt_at: Type.Optional(timestamp('When it is sent next, at the earliest.')),
    }),
  }),
})

export const webhookOperations = {
  list: operation({
    id: 'listWebhooks',
    tag: 'Webhooks',
    summary: "Lists the caller's webhooks, newest first.",
    query: pageParameters(MAX_OFFSET),
    answers: { 200: { description: 'A page of webhooks, without their secrets.', schema: listOf(Webhook) } },
    errors: [400],
  }),
  add: operation({
    id: 'addWebhook',
    tag: 'Webhooks',
    summary: 'Adds a webhook, and answers its secret.',
    description: `It is notified when an import of the caller ends. Messages go to public addresses only. There can be ${MAX_WEBHOOKS}.`,
    body: NewWebhook,
    answers: { 201: { description: 'The webhook, with its secret.', schema: dataOf(CreatedWebhook) } },
    errors: [400, 409, 413, 415],
  }),
  remove: operation({
    id: 'removeWebhook',
    tag: 'Webhooks',
    summary: 'Removes a webhook, with the messages that wait for it and its list of deliveries.',
    ids: { id: 'webhook' },
    answers: { 204: { description: 'It is removed.' } },
    errors: [400, 404, 413, 415],
  }),
  test: operation({
    id: 'testWebhook',
    tag: 'Webhooks',
    summary: 'Sends a test message to a webhook.',
    description: 'The list of deliveries says what came of it. One test message waits at a time.',
    ids: { id: 'webhook' },
    answers: { 202: { description: 'The message, waiting.', schema: dataOf(WebhookDelivery) } },
    errors: [400, 404, 409, 413, 415],
  }),
  deliveries: operation({
    id: 'listDeliveries',
    tag: 'Webhooks',
    summary: 'Lists what was sent to a webhook and what was answered, newest first.',
    ids: { id: 'webhook' },
    query: pageParameters(MAX_OFFSET),
    answers: { 200: { description: 'A page of messages.', schema: listOf(WebhookDelivery) } },
    errors: [400, 404],
  }),
}
