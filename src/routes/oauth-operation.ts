import { operation } from '../http/operation/operation.js'
import { oneOf } from '../records/attribute-kinds.js'
import { Type } from '../schema/type.js'

export const FORM = 'application/x-www-form-urlencoded'

const grant_type = oneOf(['client_credentials'], 'The only supported grant.')
const client_id = Type.String({ description: 'The client id, unless it is sent with HTTP Basic.' })
const client_secret = Type.String({ description: 'Its secret, unless it is sent with HTTP Basic.' })

/** The form of a client that identifies itself in it. Unknown fields are ignored (RFC 6749, 3.2). */
export const FormOfClient = Type.Object({ grant_type, client_id, client_secret })

/** The form of a client that identifies itself with HTTP Basic. */
export const FormBesideBasic = Type.Object({ grant_type, client_id: Type.Optional(client_id) })

const TokenRequest = Type.Object({
  grant_type,
  client_id: Type.Optional(client_id),
  client_secret: Type.Optional(client_secret),
})

/** The documentation of `POST /oauth/access_token` (contract 2, RFC 6749 section 4.4). */
export const accessTokenOperation = operation({
  id: 'createAccessToken',
  tag: 'Access',
  summary: 'Exchanges a client id and its secret for an access token.',
  description:
    'Send the id and secret in the form, or with HTTP Basic (RFC 6749, 2.3.1: each form-encoded first), but not both.',
  body: TokenRequest,
  consumes: FORM,
  isPublic: true,
  security: [{}, { client: [] }],
  answers: {
    200: {
      description: 'The access token.',
      headers: { 'cache-control': Type.String({ description: '`no-store`' }) },
      schema: Type.Object({
        access_token: Type.String({ description: 'To send as `Authorization: Bearer …`.' }),
        token_type: oneOf(['Bearer'], 'How to send it.'),
        expires_in: Type.Integer({ minimum: 0, description: 'How many seconds it is valid.' }),
        expires: Type.Integer({ minimum: 0, description: 'When it expires, in seconds since 1970.' }),
        identifier: oneOf(['client_credentials'], 'The grant.'),
      }),
    },
  },
  errors: [400, 401, 413, 415, 429, 500, 503],
})
