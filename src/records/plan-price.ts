/** A price map: currency → amount in the currency's smallest unit (contract 8). */
export type PriceMap = Readonly<Record<string, { readonly amount: number; readonly includes_tax?: boolean }>>

/**
 * What all products of an offering cost together, in each currency that all of them have a price in: some
 * hundred currencies after another, so that no part takes long to work on.
 */
export type BasePrice = readonly Sums[]

/** currency → the sum as a decimal, and whether it includes tax, where all products say the same. */
export type Sums = Readonly<Record<string, readonly [sum: string, includesTax: boolean | null]>>

type Attributes = Readonly<Record<string, unknown>>

/**
 * What an offering's plan costs (contract 9): its fixed price, if that has a currency; else the products' sum
 * less the plan's percentage, rounded down to the smallest unit: 1.05 less 50% is 0.52. A currency in which
 * that is beyond the safe integers, which JSON could not say exactly, is left out. Part by part, and nothing
 * where there is neither a fixed price nor a currency.
 */
export function* planPrice(plan: Attributes, base: BasePrice): Generator<PriceMap, void, undefined> {
  const fixed = plan.fixed_price as PriceMap | undefined
  if (fixed !== undefined && Object.keys(fixed).length > 0) return yield fixed
  const share = shareLeft((plan.base_price_percentage as number | undefined) ?? 0)
  for (const sums of base) {
    const prices = Object.entries(sums).flatMap(([currency, [sum, includesTax]]) => {
      const amount = Number(floorDivide(BigInt(sum) * share.numerator, share.denominator))
      const tax = includesTax === null ? {} : { includes_tax: includesTax }
      return Number.isSafeInteger(amount) ? [[currency, { amount, ...tax }] as const] : []
    })
    yield Object.fromEntries(prices)
  }
}

/**
 * What is left once `percentage` percent are taken off. The percentage counts as the decimal that it is
 * written as.
 */
function shareLeft(percentage: number): { numerator: bigint; denominator: bigint } {
  const { digits, scale } = decimalOf(percentage)
  const denominator = 100n * scale
  return { numerator: denominator - digits, denominator }
}

/** 5.25 → 525 / 100. A number from 0 to 100 prints as plain decimals, or with a negative exponent. */
function decimalOf(number: number): { digits: bigint; scale: bigint } {
  const [mantissa = '0', exponent = '0'] = String(number).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), scale: 10n ** BigInt(fraction.length - Number(exponent)) }
}

/** Rounds down; BigInt's own division rounds towards zero. */
function floorDivide(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  return numerator < 0n && numerator % denominator !== 0n ? quotient - 1n : quotient
}
