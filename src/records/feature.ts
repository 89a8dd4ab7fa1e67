import { Type } from '../schema/type.js'
import {
  description,
  externalRef,
  integer,
  listOf,
  name,
  text,
  textOfForm,
  uuid,
  variant,
} from './attribute-kinds.js'
import { defineRecordType } from './record-type.js'

const tag = textOfForm(
  /^[0-9A-Za-z_-]{1,64}$/,
  '1 to 64 of the characters 0-9, A-Z, a-z, _ and -',
  'The identifier of the feature where it is used.',
)

/** A feature: what a subscription includes besides its products (contract 8). */
export const feature = defineRecordType({
  type: 'subscription_feature',
  noun: 'feature',
  table: 'features',
  attributes: Type.Object(
    {
      external_ref: Type.Optional(externalRef),
      name: name('feature'),
      description: Type.Optional(description('feature')),
      configuration: variant(
        {
          access: { tag },
          promotion: {
            promotions: listOf(
              { name: name('promotion'), tag, promotion_id: Type.Optional(uuid("The promotion's id.")) },
              1000,
              'The promotions that it includes.',
            ),
          },
          usage: {
            tag,
            label: text(3, 1024, 'The name of what is counted.'),
            default_value: integer(
              Number.MIN_SAFE_INTEGER,
              'How much of it there is unless a product says otherwise.',
            ),
          },
        },
        'What the feature provides.',
      ),
    },
    {
      examples: [
        {
          external_ref: 'feature-1',
          name: 'Members’ library',
          description: 'The articles that only members can read.',
          configuration: { type: 'access', tag: 'library' },
        },
      ],
    },
  ),
  filters: ['external_ref', 'name'],
  furtherFilters: { tag: 'text' },
})
