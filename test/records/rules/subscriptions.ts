import { anInlineSubscription, aPlan, aProduct, aSubscription } from '../../support/builders.js'
import {
  emailRules,
  noUuidRules,
  paymentAuthorityRules,
  someTimeRules,
  timeRules,
  uuidRules,
} from './formats.js'
import { booleanRules, textRules, unknownAttributeRules } from './kinds.js'
import { type Build, type Complaint, nested, type Rule, required, rule, show, written } from './rule.js'

/*
 * What a line of a subscription decides by itself (contract 14). What takes the offering to decide is in
 * `../subscriptions/verdicts.test.ts`.
 */

const ID = '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f'

const none: Complaint = ['offering', 'one of offering_id, offering_external_ref and offering is required']
const second = (field: string): Complaint => [
  field,
  'only one of offering_id, offering_external_ref and offering may be given',
]
const onlyWith = (field: string, condition: string): Complaint => [
  field,
  `${field} may only be given with ${condition}`,
]

/** By the reference to an offering that nobody has to find. */
const unread = (title: string, attributes: Readonly<Record<string, unknown>>, ...problems: Complaint[]) =>
  rule(title, aSubscription(attributes), ...problems)

const inline = (title: string, attributes: Readonly<Record<string, unknown>>, ...problems: Complaint[]) =>
  rule(title, anInlineSubscription(attributes), ...problems)

const offered: Rule[] = [
  unread('needs to say what is subscribed to', { offering_external_ref: undefined }, none),
  unread('an empty offering_external_ref counts as none', { offering_external_ref: '' }, none),
  unread(
    'null says nothing of what is subscribed to',
    { offering_external_ref: null, offering_id: null, offering: null },
    none,
  ),
  unread(
    'may not have offering_id and offering_external_ref',
    { offering_id: ID },
    second('offering_external_ref'),
  ),
  inline('may not have offering_id and offering', { offering_id: ID }, second('offering')),
  inline(
    'may not have offering_external_ref and offering',
    { offering_external_ref: 'a' },
    second('offering'),
  ),
  inline('may have offering beside an empty offering_external_ref', { offering_external_ref: '' }),
  inline('may have offering beside null', { offering_external_ref: null, offering_id: null }),
  unread(
    'may not have products and plans without offering',
    { products: [aProduct().data.attributes], plans: [aPlan().data.attributes] },
    onlyWith('products', 'offering'),
    onlyWith('plans', 'offering'),
  ),
  unread(
    'may not have plans with offering_id',
    { offering_id: ID, offering_external_ref: undefined, plans: [] },
    onlyWith('plans', 'offering'),
  ),
  ...noUuidRules(
    (attributes) => aSubscription({ offering_external_ref: undefined, ...attributes }),
    'offering_id',
  ),
  unread('offering_id may not be a number', { offering_external_ref: undefined, offering_id: 5 }, [
    'offering_id',
    'offering_id must be a text, in quotes',
  ]),
  unread('offering_external_ref may not have 2049 characters', { offering_external_ref: '😀'.repeat(2049) }, [
    'offering_external_ref',
    'offering_external_ref must be at most 2048 characters',
  ]),
  unread('offering_external_ref may not be a number', { offering_external_ref: 5 }, [
    'offering_external_ref',
    'offering_external_ref must be a text, in quotes',
  ]),
  unread('offering_external_ref may not have U+0000', { offering_external_ref: 'a\0' }, [
    'offering_external_ref',
    'offering_external_ref must not contain U+0000 or an unpaired surrogate',
  ]),
]

/** The offering within a line, with its products and plans. */
const within: Rule[] = [
  ...[5, 'coffee', true, []].map((value) =>
    inline(`offering may not be ${show(value)}`, { offering: value }, [
      'offering',
      'offering must be an object',
    ]),
  ),
  inline('an offering within needs a name', { offering: {} }, required('offering.name')),
  inline(
    'an offering within obeys the rules of an offering, told with its path',
    { offering: { name: 'ab', description: 'a\0', external_ref: 'r'.repeat(2049) } },
    ['offering.name', 'offering.name must be at least 3 characters'],
    ['offering.description', 'offering.description must not contain U+0000 or an unpaired surrogate'],
    ['offering.external_ref', 'offering.external_ref must be at most 2048 characters'],
  ),
  inline('an offering within may have all of its attributes, and what nobody knows', {
    offering: { name: 'Coffee', description: '', external_ref: 'o', status: '\0', id: 5 },
  }),
  inline('an offering within may have null for what is optional', {
    offering: { name: 'Coffee', description: null, external_ref: null },
  }),
  inline('two subscriptions may have the same offering within', {
    offering: { name: 'Coffee', external_ref: 'o' },
  }),
  written(
    'an offering within may hold what nobody reads, nested 100,000 levels deep',
    anInlineSubscription({ offering: undefined }),
    `"offering":{"name":"Coffee","deep":${nested(100_000, '[', ']')}}`,
  ),
  ...(
    [
      ['products', 'product', aProduct],
      ['plans', 'plan', aPlan],
    ] as const
  ).flatMap(([attribute, noun, build]) => {
    const element = build().data.attributes
    return [
      inline(`offering needs ${attribute}`, { [attribute]: undefined }, required(attribute)),
      inline(`${attribute} may not be empty`, { [attribute]: [] }, [
        attribute,
        `${attribute} must name at least one ${noun}`,
      ]),
      ...['one', { 0: element }, 5].map((value) =>
        inline(`${attribute} may not be ${show(value)}`, { [attribute]: value }, [
          attribute,
          `${attribute} must be a list`,
        ]),
      ),
      ...[null, 5, 'a-ref', ID, [element]].map((value) =>
        inline(`${attribute} may not have ${show(value)}`, { [attribute]: [value] }, [
          `${attribute}[0]`,
          `${attribute}[0] must be an object with a ${noun}'s attributes`,
        ]),
      ),
      inline(`${attribute} may not have 1,001 elements`, { [attribute]: Array(1001).fill(element) }, [
        attribute,
        `${attribute} must not have more than 1000 elements`,
      ]),
      inline(
        `an object in ${attribute} obeys the rules of a ${noun}, told with its path`,
        {
          [attribute]: [
            { ...element, name: 'ab', description: 'a\0' },
            { ...element, name: undefined },
          ],
        },
        [`${attribute}[0].name`, `${attribute}[0].name must be at least 3 characters`],
        [
          `${attribute}[0].description`,
          `${attribute}[0].description must not contain U+0000 or an unpaired surrogate`,
        ],
        required(`${attribute}[1].name`),
      ),
      inline(`${attribute} may have unknown attributes and nulls`, {
        [attribute]: [{ ...element, description: null, external_ref: null, status: '\0' }],
      }),
    ]
  }),
  inline('products may have 1,000 elements', { products: Array(1000).fill(aProduct().data.attributes) }),
]

const monthly = aPlan({ external_ref: 'monthly' }).data.attributes
const yearly = aPlan({ external_ref: 'yearly', billing_interval_type: 'year' }).data.attributes
const nameless = aPlan().data.attributes
const selected = (plan: object, value: unknown = true) => ({ ...plan, meta: { selected: value } })

const selecting = (title: string, attributes: Readonly<Record<string, unknown>>, ...problems: Complaint[]) =>
  inline(title, { plans: [monthly, yearly], ...attributes }, ...problems)

const notSelected: Complaint = [
  'selected_plan',
  'one of the 2 plans must be selected, by selected_plan or by meta.selected of one of them',
]

const selection: Rule[] = [
  selecting('of several plans one must be selected', {}, notSelected),
  selecting('of several plans one must be selected: null selects none', { selected_plan: null }, notSelected),
  selecting(
    'of several plans one must be selected: false selects none',
    { plans: [selected(monthly, false), selected(yearly, false)] },
    notSelected,
  ),
  selecting('a plan may be selected by its external_ref', { selected_plan: 'yearly' }),
  selecting('a plan may be selected in its meta', { plans: [monthly, selected(yearly)] }),
  selecting('a plan that has no external_ref may be selected in its meta', {
    plans: [selected(nameless), nameless],
  }),
  selecting('meta may have what nobody reads', {
    plans: [monthly, { ...yearly, meta: { selected: true, owner: '\0' } }],
  }),
  selecting('selected_plan may stand beside plans that say they are not selected', {
    plans: [selected(monthly, false), yearly],
    selected_plan: 'monthly',
  }),
  inline('the only plan may be selected by its external_ref', { plans: [monthly], selected_plan: 'monthly' }),
  inline('the only plan may be selected in its meta', { plans: [selected(nameless)] }),
  inline('the only plan need not be selected', { plans: [selected(nameless, false)] }),
  ...['weekly', 'Monthly', 'monthly '].map((value) =>
    selecting(`selected_plan may not be ${show(value)}, which no plan is called`, { selected_plan: value }, [
      'selected_plan',
      `plan "${value}" is not one of the offering's plans`,
    ]),
  ),
  inline('selected_plan may not be what the only plan is not called', { selected_plan: 'monthly' }, [
    'selected_plan',
    `plan "monthly" is not one of the offering's plans`,
  ]),
  selecting(
    'selected_plan may not name several plans',
    { plans: [monthly, yearly, monthly], selected_plan: 'monthly' },
    ['selected_plan', `plan "monthly" is several of the offering's plans`],
  ),
  selecting('only one plan may be selected', { plans: [selected(monthly), selected(yearly)] }, [
    'plans[1].meta.selected',
    'plans[0] is already selected',
  ]),
  selecting(
    'a plan may not be selected both ways',
    { plans: [selected(monthly), yearly], selected_plan: 'monthly' },
    ['selected_plan', 'only one of selected_plan and meta.selected may be given'],
  ),
  ...(
    [
      ['true', ', without quotes'],
      [1, ''],
      [[], ''],
    ] as const
  ).map(([value, hint]) =>
    inline(`meta.selected may not be ${show(value)}`, { plans: [selected(monthly, value)] }, [
      'plans[0].meta.selected',
      `plans[0].meta.selected must be true or false${hint}`,
    ]),
  ),
  inline('selected_plan may not be a number', { selected_plan: 5 }, [
    'selected_plan',
    'selected_plan must be a text, in quotes',
  ]),
  inline(
    'plan_id may not stand with a plan that the line has itself',
    { plan_id: ID },
    onlyWith('plan_id', 'offering_id or offering_external_ref'),
  ),
  unread('may not have plan_id and selected_plan', { plan_id: ID, selected_plan: 'monthly' }, [
    'selected_plan',
    'only one of plan_id and selected_plan may be given',
  ]),
]

const priced = (price: object) => aProduct({ price }).data.attributes
const EUR = { EUR: { amount: 100 } }
const USD = { USD: { amount: 100 } }
const noPrice: Complaint = ['currency', 'the selected plan has no price in EUR']

const prices: Rule[] = [
  inline('currency may be any where nothing has a price', { currency: 'JPY' }),
  inline('currency may be one of the plan’s own price', { plans: [{ ...nameless, fixed_price: EUR }] }),
  inline('currency may be one of the products’ prices', {
    products: [priced({ ...EUR, ...USD }), priced(EUR)],
  }),
  inline('currency may be one in which the price is 0', {
    products: [priced(EUR)],
    plans: [{ ...nameless, base_price_percentage: 100 }],
  }),
  inline(
    'currency may not be missing in the plan’s own price',
    { plans: [{ ...nameless, fixed_price: USD }] },
    noPrice,
  ),
  inline(
    'currency may not be missing in the plan’s own price, whatever its products cost',
    { plans: [{ ...nameless, fixed_price: USD }], products: [priced(EUR)] },
    noPrice,
  ),
  inline('currency may not be missing in the products’ prices', { products: [priced(USD)] }, noPrice),
  inline(
    'currency may not be missing in the price of one of the products',
    { products: [priced({ ...EUR, ...USD }), priced(USD)] },
    noPrice,
  ),
  inline(
    'currency may not be missing in the price of the plan that is selected',
    { plans: [selected({ ...monthly, fixed_price: USD }), { ...yearly, fixed_price: EUR }] },
    noPrice,
  ),
  inline('currency may be missing in the price of a plan that is not selected', {
    plans: [{ ...monthly, fixed_price: USD }, selected({ ...yearly, fixed_price: EUR })],
  }),
  inline(
    'a plan without any price may not be selected where another has one',
    { plans: [selected(monthly), { ...yearly, fixed_price: EUR }] },
    noPrice,
  ),
]

const withPending: Build = (attributes) => anInlineSubscription({ pending: true, ...attributes })
const withPaid: Build = (attributes) => anInlineSubscription({ first_invoice_paid: true, ...attributes })

const times: Rule[] = [
  ...timeRules(withPending, 'go_live_after'),
  ...someTimeRules(withPaid, 'started_at'),
  ...someTimeRules(anInlineSubscription, 'paused_at'),
  ...someTimeRules(anInlineSubscription, 'canceled_at'),
  ...['2400-02-29T00:00:00Z', '9999-12-31T23:59:59.999999Z'].map((value) =>
    rule(`go_live_after may be in the future: ${value}`, withPending({ go_live_after: value })),
  ),
  ...[undefined, null, false].flatMap((value) => [
    inline(
      `go_live_after may not stand where pending is ${value ?? String(value)}`,
      { pending: value, go_live_after: '2026-01-31T12:00:00Z' },
      onlyWith('go_live_after', '"pending": true'),
    ),
    inline(
      `started_at may not stand where first_invoice_paid is ${value ?? String(value)}`,
      { first_invoice_paid: value, started_at: '2026-01-31T12:00:00Z' },
      onlyWith('started_at', '"first_invoice_paid": true'),
    ),
    inline(`null may stand where pending and first_invoice_paid are ${value ?? String(value)}`, {
      pending: value,
      first_invoice_paid: value,
      go_live_after: null,
      started_at: null,
    }),
  ]),
]

const currencies: Rule[] = [
  ...['EUR', 'XTS', 'ZZZ'].map((value) => inline(`currency may be ${value}`, { currency: value })),
  ...['', 'eur', 'EU', 'EURO', 'EU1', ' EUR', 'EUR\n', 'ÄUR', 'EUR,USD', 'constructor'].map((value) =>
    inline(`currency may not be ${show(value)}`, { currency: value }, [
      'currency',
      'currency must be a currency code of three capital letters',
    ]),
  ),
  ...(
    [
      [978, ', in quotes'],
      [null, ', not null'],
      [['EUR'], ''],
    ] as const
  ).map(([value, hint]) =>
    inline(`currency may not be ${show(value)}`, { currency: value }, [
      'currency',
      `currency must be a text${hint}`,
    ]),
  ),
  inline('currency is required', { currency: undefined }, required('currency')),
]

export const subscriptions: Rule[] = [
  ...unknownAttributeRules(anInlineSubscription),
  ...textRules(anInlineSubscription, 'name', { min: 3, max: 1024 }),
  ...textRules(anInlineSubscription, 'external_ref', { min: 0, max: 2048 }),
  ...uuidRules(anInlineSubscription, 'account_id'),
  ...uuidRules(anInlineSubscription, 'address_id', true),
  ...emailRules(anInlineSubscription),
  ...paymentAuthorityRules(anInlineSubscription),
  ...booleanRules(anInlineSubscription, 'manual_payments'),
  ...booleanRules(anInlineSubscription, 'pending', true),
  ...booleanRules(anInlineSubscription, 'first_invoice_paid', true),
  ...currencies,
  ...times,
  ...offered,
  ...within,
  ...selection,
  ...prices,
  {
    ...rule('every attribute that is missing is named', anInlineSubscription()),
    attributes: '{}',
    problems: [...['account_id', 'name', 'email', 'currency', 'manual_payments'].map(required), none],
  },
]
