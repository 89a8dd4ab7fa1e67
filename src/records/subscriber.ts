import { Type } from 'typebox'
import { externalRef, name } from './attributes.js'
import { defineRecordType } from './record-type.js'

/** A person or company that subscribes (contract 8). */
export const subscriber = defineRecordType({
  type: 'subscription_subscriber',
  noun: 'subscriber',
  table: 'subscribers',
  attributes: Type.Object({
    external_ref: Type.Optional(externalRef),
    account_id: Type.String({ format: 'uuid', description: "The subscriber's account." }),
    name: name('subscriber'),
    email: Type.String({
      format: 'email',
      minLength: 3,
      maxLength: 1024,
      description: "The subscriber's e-mail address.",
    }),
  }),
  filters: { external_ref: 'text', name: 'text', email: 'text', account_id: 'uuid' },
})
