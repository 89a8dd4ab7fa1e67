import type { Pool } from '../../db/pool.js'
import type { App } from '../../http/app.js'
import { unauthorized } from '../../http/errors.js'
import { operation } from '../../http/operation/operation.js'
import { dataOf, owner, uuid } from '../../http/operation/schemas.js'
import { oneOf } from '../../records/attribute-kinds.js'
import { Type } from '../../schema/type.js'
import type { Caller } from '../../tenants/owners.js'
import { whoHas } from '../../tenants/who.js'
import type { AccessDependencies } from './dependencies.js'

const named = (what: string) =>
  Type.Object({ id: uuid(`The ${what}'s id.`), name: Type.String({ description: 'Its name.' }) })

export const meSchema = dataOf(
  Type.Object({
    id: uuid("The credential's id."),
    type: oneOf(['credential'], 'The type.'),
    attributes: Type.Object({ name: Type.String({ description: "The API key's or the client's name." }) }),
    meta: Type.Object({
      owner,
      store: Type.Optional(named('store')),
      organization: Type.Optional(named('organization')),
    }),
  }),
)

const schema = operation({
  id: 'getMe',
  tag: 'Access',
  summary: 'Answers whose the token is.',
  answers: { 200: { description: 'The credential and whom it belongs to.', schema: meSchema } },
})

/** `GET /v2/me` (contract 2). */
export function meRoute(app: App, { poolOf }: AccessDependencies): void {
  app.get('/me', { schema }, ({ caller }) => meAnswer(poolOf(caller), caller))
}

/** @throws HttpError 401 if the credential has been deleted since */
export async function meAnswer(pool: Pool, { credentialId, kind }: Caller) {
  const who = await whoHas(pool, credentialId)
  if (!who) throw unauthorized()
  const { name, organization } = who
  return {
    data: {
      id: credentialId,
      type: 'credential',
      attributes: { name },
      meta: { owner: kind, [kind]: who.owner, ...(organization && { organization }) },
    },
  }
}
