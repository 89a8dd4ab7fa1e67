import { type Build, type Complaint, nested, type Rule, required, rule, show, written } from './rule.js'

const MAX_SAFE = Number.MAX_SAFE_INTEGER

/** What holds for every text that is stored. */
export function textRules(
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
export function integerRules(
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

export function booleanRules(build: Build, attribute: string, isOptional = false): Rule[] {
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
    ...wrong([0, 1, []], ''),
    ...(isOptional
      ? [rule(`${attribute} may be null, which is absent`, build({ [attribute]: null }))]
      : [
          ...wrong([null], ', not null'),
          rule(`${attribute} is required`, build({ [attribute]: undefined }), required(attribute)),
        ]),
  ]
}

export function choiceRules(build: Build, attribute: string, choices: readonly string[]): Rule[] {
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
export function priceRules(build: Build, attribute: string): Rule[] {
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
export const unknownAttributeRules = (build: Build): Rule[] => [
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
