import type { Static } from 'typebox'
import { transaction } from '../../db/pool.js'
import type { App } from '../../http/app.js'
import { notFound, validationError, writeConflict } from '../../http/errors.js'
import { listAnswer, MAX_OFFSET, pageOf } from '../../http/lists/paging.js'
import { operation } from '../../http/operation/operation.js'
import { dataOf, listOf, owner, pageParameters, timestamp, uuid } from '../../http/operation/schemas.js'
import { requestUrl } from '../../http/urls.js'
import { oneOf } from '../../records/attribute-kinds.js'
import { Type } from '../../schema/type.js'
import {
  createCredential,
  findCredential,
  hasMostCredentials,
  MAX_CREDENTIALS,
  type OwnCredential,
  pageOfCredentials,
  revokeCredential,
} from '../../tenants/keys.js'
import { whyNotName } from '../../tenants/names.js'
import { type Caller, lockOwner } from '../../tenants/owners.js'
import type { AccessDependencies } from './dependencies.js'

const kind = oneOf(
  ['api_key', 'client'],
  '`api_key`: the secret is itself the token. `client`: the id and the secret are exchanged for access tokens.',
)
const name = Type.String({ description: 'What it is known by; no other active one of its owner has it.' })
const type = oneOf(['key'], 'The type.')

const meta = Type.Object({
  owner,
  created_by: Type.Optional(
    Type.String({ description: 'The name of the key that created it; absent: the command line.' }),
  ),
  is_current: Type.Boolean({ description: 'Whether it is the one that the request is made with.' }),
  timestamps: Type.Object({ created_at: timestamp('When it was created.') }),
})

const Key = Type.Object({
  id: uuid("Its id, which is a client's `client_id`."),
  type,
  attributes: Type.Object({ name, kind }),
  meta,
})

const CreatedKey = Type.Object({
  ...Key.properties,
  attributes: Type.Object({
    name,
    kind,
    secret: Type.String({ description: 'The API key or the client secret. It is not shown again.' }),
  }),
})

const NewKey = dataOf(
  Type.Object({
    type,
    attributes: Type.Object({ name: Type.Optional(name), kind: Type.Optional(kind) }),
  }),
)

const operations = {
  list: operation({
    id: 'listKeys',
    tag: 'Access',
    summary: "Lists the caller's API keys and clients that were not revoked, newest first.",
    query: pageParameters(MAX_OFFSET),
    answers: { 200: { description: 'A page of keys, without their secrets.', schema: listOf(Key) } },
    errors: [400],
  }),
  create: operation({
    id: 'createKey',
    tag: 'Access',
    summary: 'Creates an API key, or a client, and answers its secret.',
    description: `It can do what the key that creates it can do. There can be ${MAX_CREDENTIALS} active ones.`,
    body: NewKey,
    answers: { 201: { description: 'The key, with its secret.', schema: dataOf(CreatedKey) } },
    errors: [400, 409, 413, 415],
  }),
  revoke: operation({
    id: 'revokeKey',
    tag: 'Access',
    summary: 'Revokes an API key, or a client and its access tokens.',
    description:
      'It stops working within seconds, and so do sessions that were opened with it. The one that the request is made with is refused.',
    ids: { id: 'key' },
    answers: { 204: { description: 'It is revoked.' } },
    errors: [400, 404, 409, 413, 415],
  }),
}

/** `/v2/keys`: a store's or organization's own keys, by the rules of `intake keys`. */
export function keyRoutes(app: App, dependencies: AccessDependencies): void {
  const { poolOf, credentials } = dependencies

  app.get('/keys', { schema: operations.list }, async (request) => {
    const { caller } = request
    const page = pageOf(request.query, caller.pageLength)
    const { total, found } = await pageOfCredentials(
      poolOf(caller),
      caller.ownerId,
      caller.credentialId,
      page,
    )
    return listAnswer(
      requestUrl(request),
      page,
      total,
      found.map((one) => keyAnswer(caller, one)),
    )
  })

  app.post('/keys', { schema: operations.create }, async ({ caller, body, log }, reply) => {
    const { secret, ...made } = await createKey(dependencies, caller, body)
    log.info({ credential_id: made.id }, 'key created')
    const { attributes, meta, ...rest } = keyAnswer(caller, made)
    return await reply.code(201).send({ data: { ...rest, attributes: { ...attributes, secret }, meta } })
  })

  app.delete('/keys/:id', { schema: operations.revoke }, async ({ caller, params, log }, reply) => {
    const pool = poolOf(caller)
    const found = await findCredential(pool, caller.ownerId, caller.credentialId, params.id)
    if (!found) throw notFound('key')
    if (found.is_asking) {
      throw writeConflict('The request is made with this key. Revoke it with another one.', { id: found.id })
    }
    await revokeCredential(pool, found.id)
    credentials.forget()
    log.info({ credential_id: found.id }, 'key revoked')
    return await reply.code(204).send()
  })
}

/** @throws HttpError 400; 409 if the name is taken or there are too many */
async function createKey(
  { poolOf }: AccessDependencies,
  { ownerId, credentialId }: Caller,
  { data: { attributes } }: Static<typeof NewKey>,
): Promise<OwnCredential & { readonly secret: string }> {
  const { name, kind = 'api_key' } = attributes
  const why = name === undefined ? undefined : whyNotName(name)
  if (why !== undefined) {
    throw validationError('data.attributes', [{ code: 'wrong_format', field: 'name', error: `name ${why}` }])
  }
  return await transaction(poolOf({ ownerId }), async (client) => {
    await lockOwner(client, ownerId)
    if (await hasMostCredentials(client, ownerId)) {
      throw writeConflict(`There are ${MAX_CREDENTIALS} keys already. Revoke those that are not needed.`)
    }
    const made = await createCredential(client, ownerId, kind, name, credentialId)
    if (!made) throw writeConflict('The name is that of another key.')
    const created = await findCredential(client, ownerId, credentialId, made.id)
    if (!created) throw new Error('A key that was just created is not there.')
    return { ...created, secret: made.secret }
  })
}

const keyAnswer = (caller: Caller, { id, name, kind, created_by, created_at, is_asking }: OwnCredential) => ({
  id,
  type: 'key',
  attributes: { name, kind },
  meta: {
    owner: caller.kind,
    ...(created_by !== null && { created_by }),
    is_current: is_asking,
    timestamps: { created_at },
  },
})
