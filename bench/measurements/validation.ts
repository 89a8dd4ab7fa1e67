import { Compile } from 'typebox/compile'
import { product } from '../../src/records/product.js'
import { validateRecord } from '../../src/records/validate.js'
import { compare } from './compare.js'

const RECORDS = 200_000

/** 0014: valid products, by ajv with our formats and by TypeBox's own compiler. */
export async function validation(runs: number): Promise<void> {
  const compiled = Compile(product.attributes)
  const attributes = {
    external_ref: 'ref-1',
    name: 'Morning Roast, whole bean, 250 g',
    description: 'A light roast with notes of orange peel and honey.',
    main_image: 'https://images.example.com/coffee-morning-250.jpg',
    price: { EUR: { amount: 990, includes_tax: true }, USD: { amount: 1150 } },
  }
  const times = (check: () => unknown) => async () => {
    for (let n = 0; n < RECORDS; n += 1) check()
  }
  await compare(
    {
      ajv: times(() => validateRecord(product, attributes)),
      TypeBox: times(() => compiled.Check(attributes)),
    },
    runs,
  )
}
