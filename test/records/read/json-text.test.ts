import { expect, test } from 'vitest'
import { aFeature, aPlan, aProduct, aSubscriber, type RecordLine } from '../../support/builders.js'
import { testService } from '../../support/service.js'

const service = testService()

const ODD = ' \t"\'\\%_*\r\n\u{7f}\u{2028} ☕😀 e\u{301} é \u{1}\u{feff} ﬀ '

const records: Record<string, readonly RecordLine[]> = {
  products: [
    aProduct(),
    aProduct({ external_ref: ODD, name: ODD, description: '', sku: '{"a": 1}' }),
    aProduct({
      external_ref: 'whole',
      price: {
        USD: { amount: Number.MAX_SAFE_INTEGER, includes_tax: true },
        EUR: { amount: -0 },
        ABC: { amount: 1e3 },
      },
      price_units: { unit: 'month', amount: Number.MAX_SAFE_INTEGER },
      main_image: 'https://example.com/box.png?size=1#top',
    }),
    aProduct({ price: manyPrices(2000) }),
    aProduct({ price: {}, price_units: { unit: 'day', amount: 1 } }),
  ],
  plans: [
    aPlan({ base_price_percentage: 1e-7, trial_period: 0, can_pause: false }),
    aPlan({ base_price_percentage: 12.5, fixed_price: { USD: { amount: Number.MIN_SAFE_INTEGER } } }),
  ],
  features: [
    aFeature({ configuration: { type: 'usage', tag: 'calls', label: ODD, default_value: -1 } }),
    aFeature({ configuration: { type: 'promotion', promotions: [{ name: ODD, tag: 'a' }] } }),
  ],
  subscribers: [aSubscriber({ name: ODD })],
}

/** So many that the record's text is long. */
function manyPrices(count: number) {
  const letter = (place: number) => String.fromCharCode('A'.charCodeAt(0) + (place % 26))
  const currencies = Array.from({ length: count }, (_, at) => letter(at / 676) + letter(at / 26) + letter(at))
  return Object.fromEntries(currencies.map((currency, amount) => [currency, { amount, includes_tax: false }]))
}

test.each(Object.entries(records))('a list of %s has the very text of each record', async (table, lines) => {
  const { api } = service
  const added = []
  for (const line of lines) added.unshift(await api.add(line))
  const texts = []
  for (const { id } of added) texts.push(await textOf(`/v2/subscriptions/${table}/${id}`))
  const list = await textOf(`/v2/subscriptions/${table}?page[limit]=100`)
  const data = texts.map((text) => text.slice('{"data":'.length, -1))
  expect(list.slice(0, list.lastIndexOf(',"links"'))).toBe(`{"data":[${data.join(',')}]`)
})

test('an empty list has no text', async () => {
  expect(await textOf('/v2/subscriptions/products?page[offset]=9000')).toMatch(/^\{"data":\[\],"links":/)
})

async function textOf(path: string): Promise<string> {
  const { url, key } = service.api
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } })
  expect(response.status).toBe(200)
  return await response.text()
}
