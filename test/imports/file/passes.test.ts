import { expect, test } from 'vitest'
import { passesOf } from '../../../src/imports/file/passes.js'
import { name } from '../../../src/records/attribute-kinds.js'
import { offering } from '../../../src/records/offering.js'
import { plan } from '../../../src/records/plan.js'
import { product } from '../../../src/records/product.js'
import { defineRecordType } from '../../../src/records/record-type.js'
import { Type } from '../../../src/schema/type.js'

/** A type that holds offerings, which nothing does yet. */
const bundle = defineRecordType({
  type: 'subscription_bundle',
  noun: 'bundle',
  table: 'bundles',
  attributes: Type.Object({ name: name('bundle') }),
  references: [
    {
      attribute: 'offerings',
      to: offering,
      table: 'bundle_offerings',
      type: 'subscription_bundle_offering',
    },
    {
      attribute: 'products',
      to: product,
      table: 'bundle_products',
      type: 'subscription_bundle_product',
    },
  ],
  filters: [],
})

test('A record type is processed after every type that it refers to, in as many passes as needed', () => {
  const passes = passesOf([bundle, product, offering, plan])

  expect(passes.map(({ number, types }) => [number, [...types].map(({ noun }) => noun)])).toEqual([
    [1, ['product', 'plan']],
    [2, ['offering']],
    [3, ['bundle']],
  ])
})

test('One pass is enough where no type refers to another', () => {
  expect(passesOf([product, plan])).toHaveLength(1)
})
