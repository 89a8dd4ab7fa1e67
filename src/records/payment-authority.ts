import { Type } from '../schema/type.js'
import { text, variant, writeOnly } from './attribute-kinds.js'

const idOf = (what: string) => Type.Optional(text(3, 1024, `The id of the ${what} there.`))

/** Who is asked for the money, and under which ids: nothing answers it but an export (contract 8). */
export const paymentAuthority = writeOnly(
  variant(
    {
      elastic_path_payments_stripe: { customer_id: idOf('customer'), card_id: idOf('card') },
      authorize_net: {
        customer_profile_id: idOf('customer’s profile'),
        payment_profile_id: idOf('payment profile'),
      },
    },
    'The payment service and the ids that the subscriber has there. No answer has it but an export.',
  ),
)
