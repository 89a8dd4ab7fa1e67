import { transaction } from '../../db/pool.js'
import type { App } from '../../http/app.js'
import { notFound, validationError, writeConflict } from '../../http/errors.js'
import { listAnswer, pageOf } from '../../http/lists/paging.js'
import { requestUrl } from '../../http/urls.js'
import { type Caller, lockOwner } from '../../tenants/owners.js'
import { isPrivateHost } from '../../webhooks/addresses.js'
import {
  addTestDelivery,
  type Delivery,
  hasWaitingTest,
  pageOfDeliveries,
} from '../../webhooks/deliveries.js'
import { readWebhookUrl, webhookWarnings } from '../../webhooks/url.js'
import {
  createWebhook,
  findWebhook,
  hasMostWebhooks,
  MAX_WEBHOOKS,
  type OwnWebhook,
  pageOfWebhooks,
  removeWebhook,
} from '../../webhooks/webhooks.js'
import type { AccessDependencies } from './dependencies.js'
import { webhookOperations } from './webhook-schemas.js'

/** `/v2/webhooks`: a store's or organization's own webhooks, by the rules of `intake webhooks`. */
export function webhookRoutes(app: App, dependencies: AccessDependencies): void {
  const { poolOf } = dependencies
  const answerOf = webhookAnswer(dependencies)

  app.get('/webhooks', { schema: webhookOperations.list }, async (request) => {
    const { caller } = request
    const page = pageOf(request.query, caller.pageLength)
    const { total, found } = await pageOfWebhooks(poolOf(caller), caller.ownerId, page)
    const answers = found.map((one) => answerOf(caller, one))
    return listAnswer(requestUrl(request), page, total, answers)
  })

  app.post('/webhooks', { schema: webhookOperations.add }, async ({ caller, body, log }, reply) => {
    const url = readUrl(body.data.attributes.url)
    const { secret, ...made } = await addWebhook(dependencies, caller, url.href)
    log.info({ webhook_id: made.id }, 'webhook added')
    const { attributes, meta, ...rest } = answerOf(caller, { url: url.href, ...made })
    return await reply.code(201).send({ data: { ...rest, attributes: { ...attributes, secret }, meta } })
  })

  app.delete('/webhooks/:id', { schema: webhookOperations.remove }, async (request, reply) => {
    const { caller, params, log } = request
    const removed = await removeWebhook(poolOf(caller), params.id, caller.ownerId)
    if (!removed) throw notFound('webhook')
    log.info({ webhook_id: params.id }, 'webhook removed')
    return await reply.code(204).send()
  })

  app.post('/webhooks/:id/test', { schema: webhookOperations.test }, async ({ caller, params }, reply) => {
    const added = await addTest(dependencies, caller, params.id)
    return await reply.code(202).send({ data: deliveryAnswer(caller, added) })
  })

  app.get('/webhooks/:id/deliveries', { schema: webhookOperations.deliveries }, async (request) => {
    const { caller, params } = request
    const pool = poolOf(caller)
    if (!(await findWebhook(pool, caller.ownerId, params.id))) throw notFound('webhook')
    const page = pageOf(request.query, caller.pageLength)
    const { total, found } = await pageOfDeliveries(pool, caller.ownerId, params.id, page)
    const answers = found.map((one) => deliveryAnswer(caller, one))
    return listAnswer(requestUrl(request), page, total, answers)
  })
}

const NOT_PRIVATE = 'must not be a private address: only `intake webhooks add` takes one'

/** @throws HttpError 400 */
function readUrl(given: string): URL {
  const url = readWebhookUrl(given)
  const why = typeof url === 'string' ? url : isPrivateHost(url) ? NOT_PRIVATE : undefined
  if (typeof url !== 'string' && why === undefined) return url
  throw validationError('data.attributes', [{ code: 'wrong_format', field: 'url', error: `url ${why}` }])
}

/** @throws HttpError 409 if there are too many */
const addWebhook = ({ poolOf }: AccessDependencies, { ownerId }: Caller, url: string) =>
  transaction(poolOf({ ownerId }), async (client) => {
    await lockOwner(client, ownerId)
    if (await hasMostWebhooks(client, ownerId)) {
      throw writeConflict(`There are ${MAX_WEBHOOKS} webhooks already. Remove those that are not needed.`)
    }
    return await createWebhook(client, ownerId, url, true)
  })

/** @throws HttpError 404; 409 if a test waits */
const addTest = ({ poolOf }: AccessDependencies, { ownerId }: Caller, id: string) =>
  transaction(poolOf({ ownerId }), async (client) => {
    await lockOwner(client, ownerId)
    if (!(await findWebhook(client, ownerId, id))) throw notFound('webhook')
    if (await hasWaitingTest(client, ownerId, id)) {
      throw writeConflict('A test message to this webhook waits already to be delivered.', { id })
    }
    const added = await addTestDelivery(client, id)
    if (!added) throw notFound('webhook')
    return added
  })

const webhookAnswer =
  ({ allowPrivateWebhooks }: AccessDependencies) =>
  (caller: Caller, { id, url, created_at }: OwnWebhook) => ({
    id,
    type: 'webhook',
    attributes: { url },
    meta: {
      owner: caller.kind,
      warnings: webhookWarnings(new URL(url), allowPrivateWebhooks),
      timestamps: { created_at },
    },
  })

const deliveryAnswer = (caller: Caller, delivery: Delivery) => ({
  id: delivery.id,
  type: 'webhook_delivery',
  attributes: {
    event: delivery.type,
    status: delivery.status,
    attempts: delivery.attempts,
    ...(delivery.last_answer !== null && { answer: delivery.last_answer }),
  },
  meta: {
    owner: caller.kind,
    ...(delivery.import_id !== null && { import_id: delivery.import_id }),
    timestamps: {
      created_at: delivery.created_at,
      ...(delivery.last_attempt_at !== null && { last_attempt_at: delivery.last_attempt_at }),
      ...(delivery.next_attempt_at !== null && { next_attempt_at: delivery.next_attempt_at }),
    },
  },
})
