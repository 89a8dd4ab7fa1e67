import { anOffering, aPlan, aProduct } from '../../support/builders.js'
import { textRules, unknownAttributeRules } from './kinds.js'
import { nested, type Rule, required, rule, show, written } from './rule.js'

export const offerings: Rule[] = [
  ...unknownAttributeRules(anOffering),
  ...textRules(anOffering, 'name', { min: 3, max: 1024 }),
  ...textRules(anOffering, 'description', { min: 0, max: 1024 }),
  ...textRules(anOffering, 'external_ref', { min: 0, max: 2048 }),
  ...(
    [
      ['products', 'product', aProduct],
      ['plans', 'plan', aPlan],
    ] as const
  ).flatMap(([attribute, noun, build]) => {
    const element = build().data.attributes
    return [
      rule(`${attribute} is required`, anOffering({ [attribute]: undefined }), required(attribute)),
      rule(`${attribute} may not be empty`, anOffering({ [attribute]: [] }), [
        attribute,
        `${attribute} must name at least one ${noun}`,
      ]),
      ...[null, 'one', { 0: element }, 5].map((value) =>
        rule(`${attribute} may not be ${show(value)}`, anOffering({ [attribute]: value }), [
          attribute,
          `${attribute} must be a list`,
        ]),
      ),
      ...[null, 5, true, [element]].map((value) =>
        rule(`${attribute} may not have ${show(value)}`, anOffering({ [attribute]: [element, value] }), [
          `${attribute}[1]`,
          `${attribute}[1] must be the id or external_ref of a ${noun}, or an object with its attributes`,
        ]),
      ),
      rule(`${attribute} may have 1,000 elements`, anOffering({ [attribute]: Array(1000).fill(element) })),
      ...[element, 5, 'a\0b'].map((value) =>
        rule(
          `${attribute} may not have 1,001 elements, of which nothing else is said: ${show(value)}`,
          anOffering({ [attribute]: Array(1001).fill(value) }),
          [attribute, `${attribute} must not have more than 1000 elements`],
        ),
      ),
      rule(`${attribute} may not have an empty text`, anOffering({ [attribute]: [element, ''] }), [
        `${attribute}[1]`,
        `${attribute}[1] must not be empty, but the id or external_ref of a ${noun}, or an object with its attributes`,
      ]),
      ...['a\0b', 'a\ud800'].map((value) =>
        rule(`${attribute} may not have ${show(value)}`, anOffering({ [attribute]: [element, value] }), [
          `${attribute}[1]`,
          `${attribute}[1] must not contain U+0000 or an unpaired surrogate`,
        ]),
      ),
      rule(
        `${attribute} may have objects, with unknown attributes and nulls`,
        anOffering({ [attribute]: [element, { ...element, description: null, status: '\0' }] }),
      ),
      rule(
        `an object in ${attribute} obeys the rules of a ${noun}, told with its path`,
        anOffering({
          [attribute]: [
            element,
            { ...element, name: 'ab', external_ref: 'r'.repeat(2049), description: 'a\0' },
            { ...element, name: undefined },
          ],
        }),
        [`${attribute}[1].name`, `${attribute}[1].name must be at least 3 characters`],
        [`${attribute}[1].external_ref`, `${attribute}[1].external_ref must be at most 2048 characters`],
        [
          `${attribute}[1].description`,
          `${attribute}[1].description must not contain U+0000 or an unpaired surrogate`,
        ],
        required(`${attribute}[2].name`),
      ),
      written(
        `an object in ${attribute} may hold what nobody reads, nested 100,000 levels deep`,
        anOffering({ [attribute]: undefined }),
        `"${attribute}":[${JSON.stringify(element).slice(0, -1)},"deep":${nested(100_000, '[', ']')}}]`,
      ),
      written(
        `${attribute} may not have a list nested 100,000 levels deep`,
        anOffering({ [attribute]: undefined }),
        `"${attribute}":[${nested(100_000, '[', ']')}]`,
        [
          `${attribute}[0]`,
          `${attribute}[0] must be the id or external_ref of a ${noun}, or an object with its attributes`,
        ],
      ),
    ]
  }),
  rule(
    'the price of a product within is told with its path',
    anOffering({ products: [{ name: 'Coffee', price: { usd: { amount: 1 }, EUR: { amount: 1.5 } } }] }),
    ['products[0].price.usd', '"usd" is not a currency code of three capital letters'],
    ['products[0].price.EUR.amount', 'products[0].price.EUR.amount must be a whole number'],
  ),
  {
    ...rule('every attribute that is missing is named', anOffering()),
    attributes: '{}',
    problems: ['name', 'products', 'plans'].map(required),
  },
]
