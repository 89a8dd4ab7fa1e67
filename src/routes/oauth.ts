import type { FastifyInstance } from 'fastify'
import type { Type } from 'typebox'
import type { Pool } from '../db/pool.js'
import { unauthorized, unsupportedMediaType, validationError } from '../http/errors.js'
import type { RateLimits } from '../http/rate-limits.js'
import { compile } from '../records/validate.js'
import { issueAccessToken, TOKEN_SECONDS, verifyClient } from '../tenants/access-tokens.js'
import { accessTokenOperation, FORM, TokenRequest } from './oauth-operation.js'

const MAX_BODY_BYTES = 16 * 1024

const problemsOf = compile(TokenRequest)

/** Access tokens for clients (contract 2; RFC 6749, 4.4). Every other route takes a token; this one makes them. */
export function oauthRoutes(app: FastifyInstance, pool: Pool, limits: RateLimits): void {
  takeFormsOnly(app)

  app.post(
    '/access_token',
    { bodyLimit: MAX_BODY_BYTES, schema: accessTokenOperation },
    async ({ body = {}, ip }) => {
      const problems = problemsOf(body)
      if (problems.length > 0) throw validationError('', problems)
      const { client_id, client_secret } = body as Type.Static<typeof TokenRequest>
      await limits.admitAddress(ip)
      const credentialId = await verifyClient(pool, client_id, client_secret)
      if (credentialId === undefined) {
        await limits.countWrongSecret(ip)
        throw unauthorized()
      }
      await limits.countRequest(credentialId)
      const issued = await issueAccessToken(pool, credentialId)
      return {
        access_token: issued.token,
        token_type: 'Bearer',
        expires_in: TOKEN_SECONDS,
        expires: issued.expires,
        identifier: 'client_credentials',
      }
    },
  )
}

function takeFormsOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) =>
    done(null, readForm(body as string)),
  )
  app.addContentTypeParser('*', (_request, _payload, done) =>
    done(unsupportedMediaType(`This resource takes ${FORM}.`)),
  )
}

/** A field's value; of one that is there more than once, a list, which no field of ours may be. */
function readForm(body: string): Record<string, string | string[]> {
  const form = new URLSearchParams(body)
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name)
      return [name, values.length === 1 ? (values[0] ?? '') : values]
    }),
  )
}
