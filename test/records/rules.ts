import { aFeature, anOffering, aPlan, aProduct, aSubscriber, type RecordLine } from '../support/builders.js'

/**
 * The rules of contract 8 and 7, as one table: what an attribute may be, from both sides of every limit. An
 * import line and a `POST` obey the same one. The `external_ref`s of valid cases differ within a type, so all
 * of them fit one owner.
 */
export interface Rule {
  readonly type: string
  readonly title: string
  /**
   * JSON, as text: some rules are about what `JSON.stringify` does not write, such as `1e400` and repeated
   * keys.
   */
  readonly attributes: string
  /** `[field, sentence]` each, in no particular order. None: the attributes are valid. */
  readonly problems: readonly Complaint[]
}

export type Complaint = readonly [field: string, sentence: string]

type Build = (attributes: Readonly<Record<string, unknown>>) => RecordLine

const rule = (title: string, { data }: RecordLine, ...problems: Complaint[]): Rule => ({
  type: data.type,
  title: `${data.type}: ${title}`,
  attributes: JSON.stringify(data.attributes),
  problems,
})

/** A rule about JSON that has these members, as they stand, after the record's own. */
const written = (title: string, record: RecordLine, members: string, ...problems: Complaint[]): Rule => {
  const plain = rule(title, record, ...problems)
  const own = plain.attributes.slice(1, -1)
  return { ...plain, attributes: `{${own}${own && ','}${members}}` }
}

/** `{"a":{"a":…1…}}` or `[[…1…]]`, so many levels deep. */
const nested = (levels: number, open: string, close: string) =>
  `${open.repeat(levels)}1${close.repeat(levels)}`

const MAX_SAFE = Number.MAX_SAFE_INTEGER

const required = (path: string): Complaint => [path, `"${path}" is required`]

const show = (value: unknown): string => {
  const json = JSON.stringify(value)
  return json.length > 40 ? `${json.slice(0, 40)}…` : json
}

/** What holds for every text that is stored. */
function textRules(
  build: Build,
  attribute: string,
  limits: { readonly min: number; readonly max: number },
): Rule[] {
  const { min, max } = limits
  const valid = (title: string, value: unknown) =>
    rule(`${attribute} may be ${title}`, build({ [attribute]: value }))
  const invalid = (title: string, value: unknown, ...sentences: string[]) =>
    rule(
      `${attribute} may not be ${title}`,
      build({ [attribute]: value }),
      ...sentences.map((sentence): Complaint => [attribute, `${attribute} ${sentence}`]),
    )
  const tooLong = `must be at most ${max} characters`
  const tooShort = `must be at least ${min} characters`
  const notText = 'must be a text'
  const notStorable = 'must not contain U+0000 or an unpaired surrogate'
  return [
    valid(`${max} characters`, 'x'.repeat(max)),
    invalid(`${max + 1} characters`, 'x'.repeat(max + 1), tooLong),
    valid(`${max} emoji, which are twice as many UTF-16 units`, '😀'.repeat(max)),
    invalid(`${max + 1} emoji`, '😀'.repeat(max + 1), tooLong),
    valid(`${max} letters and combining marks`, 'e\u0301'.repeat(max / 2)),
    invalid(`${max + 2} letters and combining marks`, 'e\u0301'.repeat(max / 2 + 1), tooLong),
    ...(min > 0
      ? [
          valid(`${min} characters`, 'abc'),
          invalid(`${min - 1} characters`, 'ab', tooShort),
          valid(`${min} emoji`, '😀😀😀'),
          invalid(`${min - 1} emoji, which are ${(min - 1) * 2} UTF-16 units`, '😀😀', tooShort),
          valid(`${min} spaces`, '   '),
          invalid('empty', '', tooShort),
          invalid('null', null, `${notText}, not null`),
          rule(`${attribute} is required`, build({ [attribute]: undefined }), required(attribute)),
        ]
      : [
          valid('empty', ''),
          valid('null, which is absent', null),
          rule(`${attribute} is optional`, build({ [attribute]: undefined })),
        ]),
    invalid('a number', 12345, `${notText}, in quotes`),
    invalid('true', true, `${notText}, in quotes`),
    invalid('a list', ['abc'], notText),
    invalid('an object', { text: 'abc' }, notText),
    invalid('a text with U+0000', 'abc\0def', notStorable),
    invalid('a text with an unpaired high surrogate', 'abc\ud83d', notStorable),
    invalid('a text with an unpaired low surrogate', '\ude00abc', notStorable),
    invalid('a text with the surrogates of a pair swapped', 'abc\ude00\ud83d', notStorable),
    invalid('a text that is too long and has U+0000', `${'x'.repeat(max)}\0`, tooLong, notStorable),
  ]
}

/** `at` makes the record of a value of the integer, given as JSON; `field` is the integer's path. */
function integerRules(
  field: string,
  min: number | undefined,
  isOptional: boolean,
  at: (title: string, json: string, ...problems: Complaint[]) => Rule,
): Rule[] {
  const valid = (json: string) => at(`${field} may be ${json}`, json)
  const invalid = (json: string, sentence: string) =>
    at(`${field} may not be ${json}`, json, [field, `${field} ${sentence}`])
  const notWhole = 'must be a whole number'
  const tooSmall = `must be at least ${min ?? -MAX_SAFE}`
  const from = (limit: number, json: string) =>
    min === undefined || min <= limit ? valid(json) : invalid(json, tooSmall)
  return [
    from(0, '0'),
    from(0, '-0'),
    from(-1, '-1'),
    valid('1'),
    valid('1.0'),
    valid('12e1'),
    valid('1000000000000000000000e-21'),
    valid('1.00000000000000000000'),
    valid('90071992547409.91e2'),
    valid(`${MAX_SAFE}`),
    valid(`${MAX_SAFE}.0`),
    // What a double would make a whole number of.
    ...[
      '1.0000000000000001',
      '0.99999999999999999',
      '9007199254740990.6',
      '-9007199254740990.6',
      '1e-400',
    ].map((json) => invalid(json, notWhole)),
    invalid('9007199254740992.5', `must be at most ${MAX_SAFE}`),
    invalid('9007199254740992', `must be at most ${MAX_SAFE}`),
    invalid('9007199254740993', `must be at most ${MAX_SAFE}`),
    invalid('9223372036854775808', `must be at most ${MAX_SAFE}`),
    from(-MAX_SAFE, `-${MAX_SAFE}`),
    invalid('-9007199254740992', tooSmall),
    invalid('1.5', notWhole),
    invalid('1e400', 'is a number too large to be stored'),
    invalid('-1e400', 'is a number too large to be stored'),
    invalid('"1"', `${notWhole}, without quotes`),
    invalid('true', notWhole),
    invalid('[1]', notWhole),
    isOptional ? valid('null') : invalid('null', `${notWhole}, not null`),
  ]
}

function requiredBooleanRules(build: Build, attribute: string): Rule[] {
  const wrong = (values: readonly unknown[], hint: string) =>
    values.map((value) =>
      rule(`${attribute} may not be ${show(value)}`, build({ [attribute]: value }), [
        attribute,
        `${attribute} must be true or false${hint}`,
      ]),
    )
  return [
    ...[true, false].map((value) => rule(`${attribute} may be ${value}`, build({ [attribute]: value }))),
    ...wrong(['true', 'false'], ', without quotes'),
    ...wrong(['', 'yes'], ''),
    ...wrong([null], ', not null'),
    ...wrong([0, 1, []], ''),
    rule(`${attribute} is required`, build({ [attribute]: undefined }), required(attribute)),
  ]
}

function choiceRules(build: Build, attribute: string, choices: readonly string[]): Rule[] {
  const sentence = `${attribute} must be one of ${choices.join(', ')}`
  return [
    ...choices.map((value) => rule(`${attribute} may be ${value}`, build({ [attribute]: value }))),
    ...[
      '',
      choices[0]?.toUpperCase(),
      ` ${choices[0]}`,
      `${choices[0]}\0`,
      'constructor',
      1,
      null,
      true,
      [],
    ].map((value) =>
      rule(`${attribute} may not be ${show(value)}`, build({ [attribute]: value }), [attribute, sentence]),
    ),
    rule(`${attribute} is required`, build({ [attribute]: undefined }), required(attribute)),
  ]
}

/** `price` and `fixed_price`: currency → amount. */
function priceRules(build: Build, attribute: string): Rule[] {
  const price = (title: string, value: unknown, ...problems: Complaint[]) =>
    rule(`${attribute} ${title}`, build({ [attribute]: value }), ...problems)
  const notMap: Complaint = [attribute, `${attribute} must be an object`]
  const usd = `${attribute}.USD`
  const bare = build({ [attribute]: undefined })
  const notCurrency = (code: string): Complaint => [
    `${attribute}.${code}`,
    `"${code}" is not a currency code of three capital letters`,
  ]
  return [
    price('is optional', undefined),
    price('may be null, which is absent', null),
    price('may be empty', {}),
    price('may have several currencies', {
      USD: { amount: 4750, includes_tax: false },
      EUR: { amount: 0, includes_tax: true },
      JPY: { amount: 1 },
    }),
    ...[5, 'USD', true, [{ amount: 1 }]].map((value) => price(`may not be ${show(value)}`, value, notMap)),
    ...[
      'usd',
      'US',
      'USDD',
      '',
      'US1',
      'ÜSD',
      ' USD',
      'USD\n',
      'constructor',
      'toString',
      'a.b',
      'a/b~c',
    ].map((code) =>
      price(
        `may not have the currency ${show(code)}`,
        { [code]: { amount: 1 } },
        notCurrency(code.replace('\n', '<U+000A>')),
      ),
    ),
    written(
      `${attribute} may not have the currency "__proto__"`,
      bare,
      `"${attribute}":{"__proto__":{"amount":1}}`,
      notCurrency('__proto__'),
    ),
    price(
      'may not have a currency with U+0000, which the report shows by its number',
      { 'U\0D': { amount: 1 } },
      notCurrency('U<U+0000>D'),
    ),
    price(
      'is wrong once for every currency that is wrong',
      { usd: { amount: 1 }, EUR: { amount: 'one' }, GBP: {} },
      notCurrency('usd'),
      [`${attribute}.EUR.amount`, `${attribute}.EUR.amount must be a whole number`],
      required(`${attribute}.GBP.amount`),
    ),
    ...[100, '100', [100]].map((value) =>
      price(`may not have an amount of ${show(value)}`, { USD: value }, [usd, `${usd} must be an object`]),
    ),
    price('may have null in place of an amount, which is absent', { USD: null, EUR: { amount: 1 } }),
    price('may have includes_tax null, which is absent', { USD: { amount: 1, includes_tax: null } }),
    price('may not have null for what is no currency', { usd: null }, notCurrency('usd')),
    price('must have an amount', { USD: { includes_tax: true } }, required(`${usd}.amount`)),
    ...integerRules(`${usd}.amount`, undefined, false, (title, json, ...problems) =>
      written(title, bare, `"${attribute}":{"USD":{"amount":${json}}}`, ...problems),
    ),
    ...(
      [
        ['true', ', without quotes'],
        [0, ''],
        [1, ''],
        [[], ''],
      ] as const
    ).map(([value, hint]) =>
      price(`may not have includes_tax ${show(value)}`, { USD: { amount: 1, includes_tax: value } }, [
        `${usd}.includes_tax`,
        `${usd}.includes_tax must be true or false${hint}`,
      ]),
    ),
    written(
      `${attribute} may have attributes that nobody knows, whatever they are`,
      bare,
      `"${attribute}":{"USD":{"amount":1,"formatted":"$0.01\\u0000","\\u0000":1e400,"\\ud800":"\\ud800","__proto__":1}}`,
    ),
    written(
      `${attribute} may have an attribute that nobody knows, nested 100,000 levels deep`,
      bare,
      `"${attribute}":{"USD":{"amount":1,"deep":${nested(100_000, '[', ']')}}}`,
    ),
    written(
      `${attribute} may not be a list, nested 100,000 levels deep`,
      bare,
      `"${attribute}":${nested(100_000, '[', ']')}`,
      notMap,
    ),
    written(
      `${attribute} counts where it stands last`,
      build({ [attribute]: 'wrong' }),
      `"${attribute}":{"USD":{"amount":"wrong","amount":1},"USD":{"amount":1}}`,
    ),
  ]
}

/** What holds for the attributes that a type does not know. */
const unknownAttributeRules = (build: Build): Rule[] => [
  rule(
    'unknown attributes are ignored',
    build({ status: 'active', id: 'mine', created_at: 5, type: [], owner: null, meta: { a: 1 } }),
  ),
  rule('an unknown attribute may hold what none of ours may', build({ status: 'a\0b\ud800', '\0': '\0' })),
  ...['1e400', '1.0000000000000001', '1e-400'].map((json) =>
    written(`an unknown attribute may be ${json}`, build({}), `"weight":${json}`),
  ),
  written(
    'a text may have a number in it that none could be',
    build({ name: 'is: 1.00000000000000001, "[9007199254740990.6" \\\\' }),
    '"weight":1.0000000000000001',
  ),
  written(
    'attributes may be called as what objects inherit',
    build({}),
    '"__proto__":{"name":5},"constructor":5,"toString":5,"hasOwnProperty":5,"valueOf":5',
  ),
  written(
    'an attribute called __proto__ gives nothing to inherit',
    build({ name: undefined }),
    '"__proto__":{"name":"Inherited"}',
    required('name'),
  ),
  written(
    'an unknown attribute may be a list nested 100,000 levels deep',
    build({}),
    `"deep":${nested(100_000, '[', ']')}`,
  ),
  written(
    'an unknown attribute may be an object nested 100,000 levels deep',
    build({}),
    `"deep":${nested(100_000, '{"a":', '}')}`,
  ),
  written('of a repeated key the last counts, and is good', build({ name: 'ab' }), '"name":"Last"'),
  written('of a repeated key the last counts, and is bad', build({}), '"name":"ab"', [
    'name',
    'name must be at least 3 characters',
  ]),
  written('a key is the same, however it is escaped', build({}), '"\\u006eame":"ab"', [
    'name',
    'name must be at least 3 characters',
  ]),
]

const uri = (length: number) => `https://example.com/${'a'.repeat(length - 20)}`

const products: Rule[] = [
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

const tooExact = 'cannot be stored exactly; a number may have 15 significant digits'

const plans: Rule[] = [
  ...unknownAttributeRules(aPlan),
  ...textRules(aPlan, 'name', { min: 3, max: 1024 }),
  ...textRules(aPlan, 'description', { min: 0, max: 1024 }),
  ...textRules(aPlan, 'external_ref', { min: 0, max: 2048 }),
  ...choiceRules(aPlan, 'billing_interval_type', ['day', 'week', 'month', 'year']),
  ...choiceRules(aPlan, 'end_behavior', ['close', 'roll']),
  ...['billing_frequency', 'plan_length'].flatMap((attribute) => [
    ...integerRules(attribute, 1, false, (title, json, ...problems) =>
      written(title, aPlan({ [attribute]: undefined }), `"${attribute}":${json}`, ...problems),
    ),
    rule(`${attribute} is required`, aPlan({ [attribute]: undefined }), required(attribute)),
  ]),
  ...integerRules('trial_period', 0, true, (title, json, ...problems) =>
    written(title, aPlan(), `"trial_period":${json}`, ...problems),
  ),
  ...['can_pause', 'can_resume', 'can_cancel'].flatMap((attribute) => requiredBooleanRules(aPlan, attribute)),
  ...[
    '0',
    '-0',
    '-0.0e5',
    '100',
    '1e2',
    '100.00000000000000000',
    '0.1',
    '0.100000000000000000',
    '33.3333333333333',
    '0.000000123456789012345',
    '1e-307',
    '99.99',
    'null',
  ].map((json) =>
    written(`base_price_percentage may be ${json}`, aPlan(), `"base_price_percentage":${json}`),
  ),
  ...(
    [
      ['100.01', 'must be at most 100'],
      ['100.000000000001', 'must be at most 100'],
      ['1000.000000000000001', tooExact],
      ['-1', 'must be at least 0'],
      ['-1e-300', 'must be at least 0'],
      ...['33.333333333333336', '0.1000000000000000055', '100.000000000000001', '99.9999999999999999'].map(
        (json) => [json, tooExact] as const,
      ),
      ...['1e-400', '5e-324', '-5e-324', '2.2250738585072e-309'].map((json) => [json, tooExact] as const),
      ['1e400', 'is a number too large to be stored'],
      ['-1e400', 'is a number too large to be stored'],
      ['"5"', 'must be a number, without quotes'],
      ['true', 'must be a number'],
      ['{}', 'must be a number'],
    ] as const
  ).map(([json, sentence]) =>
    written(`base_price_percentage may not be ${json}`, aPlan(), `"base_price_percentage":${json}`, [
      'base_price_percentage',
      `base_price_percentage ${sentence}`,
    ]),
  ),
  ...priceRules(aPlan, 'fixed_price'),
  {
    ...rule('every attribute that is missing is named', aPlan()),
    attributes: '{}',
    problems: [
      'name',
      'billing_interval_type',
      'billing_frequency',
      'plan_length',
      'end_behavior',
      'can_pause',
      'can_resume',
      'can_cancel',
    ].map(required),
  },
]

const email = (length: number) => `${'a'.repeat(length - 12)}@example.com`

/** What holds for the payment authority of any type. */
function paymentAuthorityRules(build: Build): Rule[] {
  const field = 'payment_authority'
  const authority = (title: string, value: unknown, ...problems: Complaint[]) =>
    rule(`${field} ${title}`, build({ [field]: value }), ...problems)
  return [
    authority('may be of Stripe', {
      type: 'elastic_path_payments_stripe',
      customer_id: 'cus_1',
      card_id: 'x'.repeat(1024),
    }),
    authority('may be of Authorize.Net', {
      type: 'authorize_net',
      customer_profile_id: '900',
      payment_profile_id: '901',
    }),
    authority('may have its type alone, and what nobody reads', { type: 'authorize_net', card_id: 1 }),
    authority('may be null, which is absent', null),
    authority('needs a type', { customer_id: 'cus_1' }, required(`${field}.type`)),
    authority('may not be of anybody else', { type: 'cash' }, [
      `${field}.type`,
      `${field}.type must be one of elastic_path_payments_stripe, authorize_net`,
    ]),
    authority('may not be a text', 'cus_1', [field, `${field} must be an object`]),
    authority('may not have short ids', { type: 'elastic_path_payments_stripe', customer_id: 'ab' }, [
      `${field}.customer_id`,
      `${field}.customer_id must be at least 3 characters`,
    ]),
    authority('may not have long ids', { type: 'authorize_net', payment_profile_id: 'x'.repeat(1025) }, [
      `${field}.payment_profile_id`,
      `${field}.payment_profile_id must be at most 1024 characters`,
    ]),
    authority('may not have numbers for ids', { type: 'authorize_net', customer_profile_id: 900 }, [
      `${field}.customer_profile_id`,
      `${field}.customer_profile_id must be a text, in quotes`,
    ]),
  ]
}

const subscribers: Rule[] = [
  ...paymentAuthorityRules(aSubscriber),
  ...unknownAttributeRules(aSubscriber),
  ...textRules(aSubscriber, 'name', { min: 3, max: 1024 }),
  ...textRules(aSubscriber, 'external_ref', { min: 0, max: 2048 }),
  ...['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'].map((value) =>
    rule(`account_id may be ${value}`, aSubscriber({ account_id: value })),
  ),
  ...[
    '',
    'abc',
    '0b2a5d0e8a5c4d4e9d5e3a1b2c3d4e5f',
    '{0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f}',
    'urn:uuid:0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
    '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5',
    '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f0',
    '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5g',
    '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f\n',
    '０b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
  ].map((value) =>
    rule(`account_id may not be ${JSON.stringify(value)}`, aSubscriber({ account_id: value }), [
      'account_id',
      'account_id must be a UUID',
    ]),
  ),
  ...['account_id', 'email'].flatMap((attribute) =>
    (
      [
        [5, ', in quotes'],
        [true, ', in quotes'],
        [null, ', not null'],
        [{}, ''],
      ] as const
    ).map(([value, hint]) =>
      rule(`${attribute} may not be ${show(value)}`, aSubscriber({ [attribute]: value }), [
        attribute,
        `${attribute} must be a text${hint}`,
      ]),
    ),
  ),
  ...[
    'a@b.co',
    "o'brien+tag@mail.example.co.uk",
    'UPPER@EXAMPLE.COM',
    'a@xn--bcher-kva.example',
    'a@localhost',
    '"a b@\\" c"@example.com',
    'a@[192.0.2.1]',
    'a@[IPv6:2001:db8::1]',
    `a@${'b'.repeat(63)}.example`,
    // RFC 6531
    'jörg@example.com',
    'a@bücher.example',
    '用户@例子.广告',
    'अजय@डाटा.भारत',
    'квіточка@пошта.укр',
    'α.β@ελληνικά.gr',
    '"é ü"@example.com',
    'a@straße.example',
    email(1024),
  ].map((value) => rule(`email may be ${show(value)}`, aSubscriber({ email: value }))),
  ...(
    [
      ['example.com', 'must be an e-mail address, which has an @'],
      ['@example.com', 'must have something before the @'],
      ['Ada@', 'must have a domain after the @'],
      ['a@example.com, b@example.com', 'must be one e-mail address, not several'],
      ['a@example.com;b@example.com', 'must be one e-mail address, not several'],
      ['A <a@example.com>', 'must be the address alone: a@example.com'],
      ['<a@example.com>', 'must be the address alone: a@example.com'],
      ['A <a@example..com>', 'must not have a space before the @'],
      [' a@example.com', 'must not begin or end with a space'],
      ['a@example.com\n', 'must not begin or end with a space'],
      ['a b@example.com', 'must not have a space before the @'],
      ['a\u00a0b@example.com', 'must not have "<U+00A0>" before the @'],
      ['a\u200b@example.com', 'must not have "<U+200B>" before the @'],
      ['a\u202eb@example.com', 'must not have "<U+202E>" before the @'],
      ['a\0@example.com', 'must not have "<U+0000>" before the @'],
      ['a\ud800@example.com', 'must not have "<U+D800>" before the @'],
      ['mailto:a@example.com', 'must not have ":" before the @'],
      ['a@b@example.com', 'must have one @ only'],
      ['a..b@example.com', 'must not begin or end with a dot before the @, nor have two in a row'],
      ['.a@example.com', 'must not begin or end with a dot before the @, nor have two in a row'],
      ['a@example..com', 'must not begin or end with a dot after the @, nor have two in a row'],
      ['a@example.com.', 'must not begin or end with a dot after the @, nor have two in a row'],
      ['a@exam ple.com', 'must not have a space after the @'],
      ['a@exam_ple.com', 'must not have "_" after the @'],
      ['a@例子。广告', 'must not have "。" after the @'],
      ['a@❤.example', 'must not have "❤" after the @'],
      ['a@-example.com', 'must not have a hyphen at the beginning or end of a part of its domain'],
      ['a@bücher-.example', 'must not have a hyphen at the beginning or end of a part of its domain'],
      [`a@${'b'.repeat(64)}.example`, 'must have a domain of parts of at most 63 characters after the @'],
      ['a@[300]', 'must not have "[" after the @'],
    ] as const
  ).map(([value, sentence]) =>
    rule(`email may not be ${show(value)}`, aSubscriber({ email: value }), ['email', `email ${sentence}`]),
  ),
  rule(
    'email may not be "a@"',
    aSubscriber({ email: 'a@' }),
    ['email', 'email must be at least 3 characters'],
    ['email', 'email must have a domain after the @'],
  ),
  ...[1025, 5000].map((length) =>
    rule(`email may not have ${length} characters`, aSubscriber({ email: email(length) }), [
      'email',
      'email must be at most 1024 characters',
    ]),
  ),
  {
    ...rule('every attribute that is missing is named', aSubscriber()),
    attributes: '{}',
    problems: ['account_id', 'name', 'email'].map(required),
  },
]

const offerings: Rule[] = [
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

const configured = (title: string, configuration: unknown, ...problems: Complaint[]): Rule =>
  rule(title, aFeature({ configuration }), ...problems)

const FORMS = 'access, promotion, usage'
const notTag = 'must be 1 to 64 of the characters 0-9, A-Z, a-z, _ and -'
const usage = { type: 'usage', tag: 'minutes', label: 'Minutes', default_value: 60 }

const features: Rule[] = [
  ...textRules(aFeature, 'name', { min: 3, max: 1024 }),
  ...textRules(aFeature, 'description', { min: 0, max: 1024 }),
  ...textRules(aFeature, 'external_ref', { min: 0, max: 2048 }),
  ...integerRules('configuration.default_value', undefined, false, (title, json, ...problems) =>
    written(
      title,
      aFeature({ configuration: undefined }),
      `"configuration":{"type":"usage","tag":"minutes","label":"Minutes","default_value":${json}}`,
      ...problems,
    ),
  ),
  rule('configuration is required', aFeature({ configuration: undefined }), required('configuration')),
  configured('configuration may not be a text', 'access', [
    'configuration',
    'configuration must be an object',
  ]),
  configured('configuration may not be a list', [], ['configuration', 'configuration must be an object']),
  configured('configuration needs a type', { tag: 'library' }, required('configuration.type')),
  ...['', 'Access', 'constructor', 1, null, []].map((type) =>
    configured(`the type of a configuration may not be ${show(type)}`, { type, tag: 'library' }, [
      'configuration.type',
      `configuration.type must be one of ${FORMS}`,
    ]),
  ),
  configured('configuration may be access', { type: 'access', tag: 'x'.repeat(64) }),
  configured('configuration may have what nobody reads', { type: 'access', tag: 'a', color: 'b\0' }),
  configured('access needs a tag', { type: 'access' }, required('configuration.tag')),
  ...['', 'x'.repeat(65), 'a b', 'ä', 'a\n'].map((tag) =>
    configured(`a tag may not be ${show(tag)}`, { type: 'access', tag }, [
      'configuration.tag',
      `configuration.tag ${notTag}`,
    ]),
  ),
  configured('configuration may be usage', usage),
  configured(
    'usage needs a tag, a label and a default_value',
    { type: 'usage' },
    ...['tag', 'label', 'default_value'].map((name) => required(`configuration.${name}`)),
  ),
  configured('a label may not have U+0000', { ...usage, label: 'abc\0' }, [
    'configuration.label',
    'configuration.label must not contain U+0000 or an unpaired surrogate',
  ]),
  configured('configuration may be promotion', {
    type: 'promotion',
    promotions: [
      { name: 'Half price', tag: 'half', promotion_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f' },
      { name: 'Free', tag: 'free', promotion_id: null },
    ],
  }),
  configured(
    'a promotion configuration needs promotions',
    { type: 'promotion' },
    required('configuration.promotions'),
  ),
  configured('promotions may not be empty', { type: 'promotion', promotions: [] }, [
    'configuration.promotions',
    'configuration.promotions must have at least 1 element',
  ]),
  configured(
    'promotions may not be more than 1,000',
    { type: 'promotion', promotions: Array(1001).fill({}) },
    ['configuration.promotions', 'configuration.promotions must not have more than 1000 elements'],
  ),
  configured(
    'what is wrong with a promotion is told with its place',
    { type: 'promotion', promotions: [{ name: 'Free', tag: 'free' }, { name: 'ab', promotion_id: 'x' }, 1] },
    ['configuration.promotions[1].name', 'configuration.promotions[1].name must be at least 3 characters'],
    required('configuration.promotions[1].tag'),
    ['configuration.promotions[1].promotion_id', 'configuration.promotions[1].promotion_id must be a UUID'],
    ['configuration.promotions[2]', 'configuration.promotions[2] must be an object'],
  ),
  {
    ...rule('every attribute that is missing is named', aFeature()),
    attributes: '{}',
    problems: ['name', 'configuration'].map(required),
  },
]

export const rules: readonly Rule[] = [...products, ...plans, ...subscribers, ...offerings, ...features]

/** A rule's record as a line of a file or the body of a request has it. */
export const asLine = ({ type, attributes }: Rule): string =>
  `{"data":{"type":"${type}","attributes":${attributes}}}`
