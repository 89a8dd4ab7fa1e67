import { Type } from '../schema/type.js'
import { email, externalRef, name, uuid } from './attribute-kinds.js'
import { paymentAuthority } from './payment-authority.js'
import { defineRecordType } from './record-type.js'

/** A person or company that subscribes (contract 8). */
export const subscriber = defineRecordType({
  type: 'subscription_subscriber',
  noun: 'subscriber',
  table: 'subscribers',
  attributes: Type.Object(
    {
      external_ref: Type.Optional(externalRef),
      account_id: uuid("The subscriber's account."),
      name: name('subscriber'),
      email: email("The subscriber's e-mail address."),
      payment_authority: Type.Optional(paymentAuthority),
    },
    {
      examples: [
        {
          external_ref: 'sub-1',
          account_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
          name: 'Ada Example',
          email: 'ada@example.com',
        },
      ],
    },
  ),
  rarelyShared: { account_id: 'repeated_account', email: 'repeated_email' },
  filters: ['external_ref', 'name', 'email', 'account_id'],
})
