import type { Static } from 'typebox'
import type { Pool } from '../db/pool.js'
import { BASIC_CHALLENGE, type ClientSecret, isBasic, readBasic } from '../http/access/basic.js'
import type { RateLimits } from '../http/access/rate-limits.js'
import type { App } from '../http/app.js'
import { onlyEmpty } from '../http/body/json.js'
import { unauthorized, validationError } from '../http/errors.js'
import { readByHandler } from '../http/operation/validation.js'
import { compile } from '../schema/compile.js'
import type { Problem } from '../schema/problem.js'
import { issueAccessToken, TOKEN_SECONDS, verifyClient } from '../tenants/access-tokens.js'
import { accessTokenOperation, FORM, FormBesideBasic, FormOfClient } from './oauth-operation.js'

const MAX_BODY_BYTES = 16 * 1024

const problemsOf = { form: compile(FormOfClient), formBesideBasic: compile(FormBesideBasic) }

/**
 * Access tokens for clients (contract 2; RFC 6749, 4.4). Every other route takes a token; this one issues
 * them.
 */
export function oauthRoutes(app: App, pool: Pool, limits: RateLimits): void {
  takeFormsOnly(app)

  app.post(
    '/access_token',
    // What the form must contain depends on the header `Authorization`.
    { bodyLimit: MAX_BODY_BYTES, validatorCompiler: readByHandler, schema: accessTokenOperation },
    async ({ body = {}, headers: { authorization = '' }, ip }) => {
      const form = body as Readonly<Record<string, unknown>>
      const byBasic = isBasic(authorization)
      const client = byBasic ? clientByBasic(authorization, form) : clientOfForm(form)
      await limits.admitAddress(ip)
      const credentialId = client && (await verifyClient(pool, client.id, client.secret))
      if (credentialId === undefined) {
        await limits.countWrongSecret(ip)
        throw unauthorized(byBasic ? BASIC_CHALLENGE : undefined)
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

/** @throws HttpError 400 */
function clientOfForm(form: Readonly<Record<string, unknown>>): ClientSecret {
  reject(problemsOf.form(form))
  const { client_id, client_secret } = form as Static<typeof FormOfClient>
  return { id: client_id, secret: client_secret }
}

/**
 * The form may repeat the id, which proves nothing by itself; a secret in it would be a second authentication
 * method (RFC 6749, 2.3).
 *
 * @throws HttpError 400
 */
function clientByBasic(
  authorization: string,
  form: Readonly<Record<string, unknown>>,
): ClientSecret | undefined {
  const problems = problemsOf.formBesideBasic(form)
  if (form.client_secret !== undefined) {
    problems.push({
      code: 'conflicting',
      field: 'client_secret',
      error: 'client_secret must not be sent together with HTTP Basic',
    })
  }
  reject(problems)
  const client = readBasic(authorization)
  if (client && form.client_id !== undefined && form.client_id !== client.id) {
    const error = 'client_id must be the same as in HTTP Basic'
    reject([{ code: 'conflicting', field: 'client_id', error }])
  }
  return client
}

function reject(problems: readonly Problem[]): void {
  if (problems.length > 0) throw validationError('', problems)
}

function takeFormsOnly(app: App): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) =>
    done(null, readForm(body as string)),
  )
  app.addContentTypeParser('*', onlyEmpty(`This resource takes ${FORM}.`))
}

/** A field's value; a list for a repeated field, which none of ours may be. */
function readForm(body: string): Record<string, string | string[]> {
  const form = new URLSearchParams(body)
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name)
      return [name, values.length === 1 ? (values[0] ?? '') : values]
    }),
  )
}
