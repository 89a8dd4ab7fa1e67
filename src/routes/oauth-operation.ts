import { Type } from 'typebox'
import { operation } from '../http/operation.js'
import { oneOf } from '../records/attributes.js'

/** The documentation of `POST /oauth/access_token` (contract 2, RFC 6749 section 4.4). */
export const accessTokenOperation = operation({
  id: 'createAccessToken',
  tag: 'Access',
  summary: 'Exchanges a client id and its secret for an access token.',
  body: Type.Object({
    grant_type: oneOf(['client_credentials'], 'The only grant there is.'),
    client_id: Type.String({ description: 'The client id.' }),
    client_secret: Type.String({ description: 'Its secret.' }),
  }),
  consumes: 'application/x-www-form-urlencoded',
  isPublic: true,
  answers: {
    200: {
      description: 'The access token.',
      schema: Type.Object({
        access_token: Type.String({ description: 'To send as `Authorization: Bearer …`.' }),
        token_type: oneOf(['Bearer'], 'How to send it.'),
        expires_in: Type.Integer({ minimum: 0, description: 'Seconds that it is good for.' }),
        expires: Type.Integer({ minimum: 0, description: 'When it expires, in seconds since 1970.' }),
        identifier: oneOf(['client_credentials'], 'The grant.'),
      }),
    },
  },
  errors: [400, 401, 413, 415, 500, 503],
})
