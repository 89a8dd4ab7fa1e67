import { cookieWith, noCookie, secretIn } from '../../http/access/session-cookie.js'
import type { App } from '../../http/app.js'
import { notFound, unauthorized } from '../../http/errors.js'
import { operation } from '../../http/operation/operation.js'
import { Type } from '../../schema/type.js'
import { endSession, openSession } from '../../tenants/sessions.js'
import type { AccessDependencies } from './dependencies.js'
import { meAnswer, meSchema } from './me.js'

const operations = {
  open: operation({
    id: 'openSession',
    tag: 'Access',
    summary: 'Opens a session of the console.',
    description:
      'The response sets a cookie, which counts like the token in requests of the pages of this service and in no others: they have the header `X-Intake-Credential`, the id of the credential. A session ends after an hour without a request, and with its credential.',
    answers: {
      201: {
        description: 'The credential and whom it belongs to.',
        schema: meSchema,
        headers: { 'set-cookie': Type.String({ description: 'The session.' }) },
      },
    },
    errors: [413, 415],
  }),
  end: operation({
    id: 'endSession',
    tag: 'Access',
    summary: 'Ends the session that the request is made in.',
    answers: {
      204: {
        description: 'It has ended.',
        headers: { 'set-cookie': Type.String({ description: 'Removes the cookie.' }) },
      },
    },
    errors: [404, 413, 415],
  }),
}

/** `POST` and `DELETE /v2/session`: the console's, instead of a key in every request. */
export function sessionRoutes(app: App, { poolOf, credentials }: AccessDependencies): void {
  app.post('/session', { schema: operations.open }, async (request, reply) => {
    const { caller, token } = request
    // A session cannot prolong itself.
    if (token === undefined) throw unauthorized()
    const pool = poolOf(caller)
    const answer = await meAnswer(pool, caller)
    const replaced = secretIn(request)
    if (replaced !== undefined) {
      await endSession(pool, replaced)
      credentials.forget()
    }
    const secret = await openSession(pool, caller.credentialId, token)
    return await reply.code(201).header('set-cookie', cookieWith(request, secret)).send(answer)
  })

  app.delete('/session', { schema: operations.end }, async (request, reply) => {
    const { caller, session } = request
    if (session === undefined) throw notFound('session')
    await endSession(poolOf(caller), session)
    credentials.forget()
    return await reply.code(204).header('set-cookie', noCookie(request)).send()
  })
}
