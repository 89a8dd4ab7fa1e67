import { Type } from '../schema/type.js'
import { description, externalRef, name } from './attribute-kinds.js'
import { feature } from './feature.js'
import { plan } from './plan.js'
import { product } from './product.js'
import { defineRecordType } from './record-type.js'

/** An offering: snapshots of products, plans and features, sold together (contract 8). */
export const offering = defineRecordType({
  type: 'subscription_offering',
  noun: 'offering',
  table: 'offerings',
  attributes: Type.Object(
    {
      external_ref: Type.Optional(externalRef),
      name: name('offering'),
      description: Type.Optional(description('offering')),
    },
    {
      examples: [
        { external_ref: 'off-1', name: 'Coffee, monthly', description: 'A box of coffee each month.' },
      ],
    },
  ),
  references: [
    {
      attribute: 'products',
      to: product,
      table: 'offering_products',
      type: 'subscription_offering_product',
      replaceable: true,
      objects: { feature_configurations: 'How the product configures the features of the offering.' },
      refsAttribute: 'external_product_refs',
    },
    {
      attribute: 'plans',
      to: plan,
      table: 'offering_plans',
      type: 'subscription_offering_plan',
      pricedBy: 'products',
    },
    {
      attribute: 'features',
      to: feature,
      optional: true,
      table: 'offering_features',
      type: 'subscription_offering_feature',
    },
  ],
  filters: ['external_ref', 'name'],
})
