import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BasePrice, type PriceMap, planPrice as priceOfPlan } from '../../src/records/plan-price.js'

type Attributes = Readonly<Record<string, unknown>>

/** Of all parts together; undefined: there is none. */
function planPrice(plan: Attributes, products: readonly Attributes[]) {
  const price: PriceMap = Object.assign({}, ...priceOfPlan(plan, sumsOf(products)))
  return Object.keys(price).length > 0 ? price : undefined
}

/** The sum of the database, computed once more. */
function sumsOf(products: readonly Attributes[]): BasePrice {
  const prices = products.map(({ price = {} }) => price as Record<string, Price>)
  const currencies = Object.keys(prices[0] ?? {}).filter((currency) =>
    prices.every((price) => Object.hasOwn(price, currency)),
  )
  return currencies.map((currency) => {
    const amounts = prices.flatMap((price) => price[currency] ?? [])
    const [tax, ...others] = new Set(amounts.map(({ includes_tax }) => includes_tax))
    const sum = amounts.reduce((total, { amount }) => total + BigInt(amount), 0n)
    return { [currency]: [String(sum), others.length === 0 ? (tax ?? null) : null] }
  })
}

interface Price {
  readonly amount: number
  readonly includes_tax?: boolean
}

const MAX = Number.MAX_SAFE_INTEGER

/** Products with these prices in US dollars. */
const dollars = (...amounts: readonly number[]) => amounts.map((amount) => ({ price: { USD: { amount } } }))

describe('The price of a plan in an offering', () => {
  test.each<[amounts: number[], percentage: number, price: number]>([
    [[5000], 5, 4750],
    [[5000], 0, 5000],
    [[5000], 100, 0],
    [[1000, 2000, 3000], 0, 6000],
    [[1000, 2000, 3000], 10, 5400],
    // Down, towards less: 52.5 → 52, 0.99 → 0, -0.5 → -1, -1.5 → -2.
    [[105], 50, 52],
    [[1], 50, 0],
    [[5], 50, 2],
    [[-1], 50, -1],
    [[-3], 50, -2],
    [[-5000], 5, -4750],
    [[1], 50.01, 0],
    [[1], 1, 0],
    // The sum is rounded, not its parts.
    [[1, 1], 50, 1],
    [[1, 1, 1], 50, 1],
    // A percentage is the decimal that is written, not the binary fraction next to it.
    [[1000], 0.1, 999],
    [[1000], 0.7, 993],
    [[1000], 99.9, 1],
    [[100000], 33.3, 66700],
    [[1000], 0.05, 999],
    [[1000], 1.25, 987],
    [[10000], 33.335, 6666],
    [[200], 29.5, 141],
    [[200], 29.75, 140],
    [[100], 5e-324, 99],
    [[1], 1e-7, 0],
    [[300], 33.333333333333336, 199],
    [[MAX], 0, MAX],
    [[MAX], 100, 0],
    [[MAX], 50, (MAX - 1) / 2],
    [[-MAX], 50, -(MAX + 1) / 2],
    [[MAX], 0.00000000000001, MAX - 1],
    [[MAX, -MAX], 12.5, 0],
    [[MAX, MAX, -MAX], 0, MAX],
    [[-0], 0, 0],
  ])('of %j less %f %% is %i', (amounts, base_price_percentage, amount) => {
    const price = planPrice({ base_price_percentage }, dollars(...amounts))
    expect(price).toEqual({ USD: { amount } })
  })

  test('without a percentage, nothing is taken off', () => {
    expect(planPrice({}, dollars(1, 2))).toEqual({ USD: { amount: 3 } })
  })

  test('is the fixed price, if there is one, whatever the products cost', () => {
    const fixed_price = { EUR: { amount: 100, includes_tax: true } }
    for (const products of [[], dollars(5000)]) {
      expect(planPrice({ fixed_price, base_price_percentage: 5 }, products)).toEqual(fixed_price)
    }
  })

  test('is the reduced one if the fixed price is empty, which counts as none', () => {
    const plan = { fixed_price: {}, base_price_percentage: 5 }
    expect(planPrice(plan, dollars(5000))).toEqual({ USD: { amount: 4750 } })
  })

  test('is in each currency in which all products have a price', () => {
    const products = [
      { price: { USD: { amount: 100 }, EUR: { amount: 90 }, GBP: { amount: 80 } } },
      { price: { GBP: { amount: 8 }, USD: { amount: 10 } } },
    ]
    expect(planPrice({ base_price_percentage: 10 }, products)).toEqual({
      USD: { amount: 99 },
      GBP: { amount: 79 },
    })
  })

  test.each([
    ['no product', []],
    ['products without a price', [{}, {}]],
    ['one product without a price', [...dollars(5000), {}]],
    ['one product with an empty price', [...dollars(5000), { price: {} }]],
    ['no currency in common', [...dollars(5000), { price: { EUR: { amount: 1 } } }]],
  ])('is none with %s', (_, products) => {
    expect(planPrice({ base_price_percentage: 5 }, products)).toBeUndefined()
  })

  test.each<[(boolean | undefined)[], boolean | undefined]>([
    [[true], true],
    [[false, false], false],
    [[true, false], undefined],
    [[true, undefined], undefined],
    [[undefined, undefined], undefined],
  ])('says whether tax is included, where all of %j agree', (includes, expected) => {
    const products = includes.map((includes_tax) => ({
      price: { USD: { amount: 1, ...(includes_tax !== undefined && { includes_tax }) } },
    }))
    const tax = expected !== undefined && { includes_tax: expected }
    expect(planPrice({}, products)).toEqual({ USD: { amount: includes.length, ...tax } })
  })

  test('is exact for amounts and percentages of any size', () => {
    const amount = fc.integer({ min: -MAX, max: MAX })
    // Hundredths of a percent, which is enough for every price list.
    const hundredths = fc.integer({ min: 0, max: 10_000 })
    fc.assert(
      fc.property(amount, hundredths, (amount, hundredths) => {
        const price = planPrice({ base_price_percentage: hundredths / 100 }, dollars(amount))
        const got = BigInt(price?.USD?.amount ?? Number.NaN)
        // got <= amount × (10,000 - hundredths) / 10,000 < got + 1, times 10,000
        const exact = BigInt(amount) * BigInt(10_000 - hundredths)
        expect(10_000n * got <= exact && exact < 10_000n * (got + 1n)).toBe(true)
      }),
    )
  })
})
