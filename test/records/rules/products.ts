import { aProduct } from '../../support/builders.js'
import { integerRules, priceRules, textRules, unknownAttributeRules } from './kinds.js'
import { type Rule, required, rule, show, written } from './rule.js'

const uri = (length: number) => `https://example.com/${'a'.repeat(length - 20)}`

export const products: Rule[] = [
  ...unknownAttributeRules(aProduct),
  ...textRules(aProduct, 'name', { min: 3, max: 1024 }),
  ...textRules(aProduct, 'description', { min: 0, max: 1024 }),
  ...textRules(aProduct, 'sku', { min: 0, max: 1024 }),
  ...textRules(aProduct, 'external_ref', { min: 0, max: 2048 }),
  ...[
    'https://example.com/a.png',
    'HTTP://EXAMPLE.COM',
    'https://user:pass@[2001:db8::1]:8080/a/b;c?d=e&f#g',
    'https://example.com/%F0%9F%98%80',
    'urn:isbn:0451450523',
    'data:image/png;base64,iVBORw0KGgo=',
    uri(1024),
  ].map((value) => rule(`main_image may be ${show(value)}`, aProduct({ main_image: value }))),
  ...(
    [
      ['https://example.com/a b.png', 'https://example.com/a%20b.png'],
      ['https://example.com/ä.png', 'https://example.com/%C3%A4.png'],
      ['https://example.com/%C3%A4/%zz', 'https://example.com/%C3%A4/%25zz'],
      ['https://example.com/😀?q=<b>|"c"#é', 'https://example.com/%F0%9F%98%80?q=%3Cb%3E%7C%22c%22#%C3%A9'],
      ['https://me@bücher.example:80/a', 'https://me@xn--bcher-kva.example:80/a'],
      ['urn:isbn:{1}', 'urn:isbn:%7B1%7D'],
    ] as const
  ).map(([value, escaped]) =>
    rule(`main_image may not be ${show(value)}, which is not escaped`, aProduct({ main_image: value }), [
      'main_image',
      `main_image must be escaped: ${escaped}`,
    ]),
  ),
  ...[
    '',
    'a.png',
    '/a.png',
    '/ä.png',
    'https://exa mple.com/a.png',
    'https://user@exa\u2028mple.com/a.png',
    'https://ä mple.com/a.png',
    '//example.com/a.png',
    ' https://example.com/a.png',
    'https://example.com/a.png\n',
    'https://example.com/\0',
    'https://example.com/\ud800',
    '1https://example.com/a.png',
  ].map((value) =>
    rule(`main_image may not be ${show(value)}`, aProduct({ main_image: value }), [
      'main_image',
      'main_image must be an absolute URI',
    ]),
  ),
  ...[1025, 5000].map((length) =>
    rule(`main_image may not have ${length} characters`, aProduct({ main_image: uri(length) }), [
      'main_image',
      'main_image must be at most 1024 characters',
    ]),
  ),
  rule('main_image may be null, which is absent', aProduct({ main_image: null })),
  rule('main_image may not be a number', aProduct({ main_image: 5 }), [
    'main_image',
    'main_image must be a text, in quotes',
  ]),
  ...priceRules(aProduct, 'price'),
  ...['day', 'month'].map((unit) =>
    rule(`price_units.unit may be ${unit}`, aProduct({ price_units: { unit, amount: 1 } })),
  ),
  ...['week', 'year', 'Day', '', 1, null].map((unit) =>
    rule(`price_units.unit may not be ${show(unit)}`, aProduct({ price_units: { unit, amount: 1 } }), [
      'price_units.unit',
      'price_units.unit must be one of day, month',
    ]),
  ),
  ...integerRules('price_units.amount', 1, false, (title, json, ...problems) =>
    written(title, aProduct(), `"price_units":{"unit":"day","amount":${json}}`, ...problems),
  ),
  rule(
    'price_units must have both of its attributes',
    aProduct({ price_units: {} }),
    required('price_units.unit'),
    required('price_units.amount'),
  ),
  ...['day', 1, []].map((value) =>
    rule(`price_units may not be ${show(value)}`, aProduct({ price_units: value }), [
      'price_units',
      'price_units must be an object',
    ]),
  ),
  rule('price_units may be null, which is absent', aProduct({ price_units: null })),
  rule(
    'price_units may have attributes that nobody knows',
    aProduct({ price_units: { unit: 'day', amount: 1, note: '\0' } }),
  ),
]
