import { Type } from '../schema/type.js'
import {
  description,
  externalRef,
  group,
  integer,
  name,
  oneOf,
  priceMap,
  text,
  uri,
} from './attribute-kinds.js'
import { defineRecordType } from './record-type.js'

/** A product that people subscribe to (contract 8). */
export const product = defineRecordType({
  type: 'subscription_product',
  noun: 'product',
  table: 'products',
  attributes: Type.Object(
    {
      external_ref: Type.Optional(externalRef),
      name: name('product'),
      description: Type.Optional(description('product')),
      sku: Type.Optional(text(0, 1024, 'The stock-keeping unit.')),
      main_image: Type.Optional(uri('The absolute URI of the main image.')),
      price: Type.Optional(priceMap('The price of one unit, by currency.')),
      price_units: Type.Optional(
        group(
          {
            unit: oneOf(['day', 'month'], 'The unit of time.'),
            amount: integer(1, 'How many of the unit.'),
          },
          'The period that the price is for.',
        ),
      ),
    },
    {
      examples: [
        {
          external_ref: 'prod-1',
          name: 'Coffee box',
          description: 'A kilo of beans.',
          sku: 'COFFEE-1',
          main_image: 'https://example.com/coffee.png',
          price: { USD: { amount: 2500, includes_tax: false } },
          price_units: { unit: 'month', amount: 1 },
        },
      ],
    },
  ),
  filters: ['external_ref', 'name', 'sku'],
})
