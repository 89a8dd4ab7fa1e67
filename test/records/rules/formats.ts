import { type Build, type Complaint, type Rule, required, rule, show } from './rule.js'

/** What holds for a text of a certain form, whatever that is. */
function notTextRules(build: Build, attribute: string, isOptional = false): Rule[] {
  const wrong = (
    [
      [5, ', in quotes'],
      [true, ', in quotes'],
      [{}, ''],
      ...(isOptional ? [] : [[null, ', not null'] as const]),
    ] as const
  ).map(([value, hint]) =>
    rule(`${attribute} may not be ${show(value)}`, build({ [attribute]: value }), [
      attribute,
      `${attribute} must be a text${hint}`,
    ]),
  )
  return [
    ...wrong,
    isOptional
      ? rule(`${attribute} may be null, which is absent`, build({ [attribute]: null }))
      : rule(`${attribute} is required`, build({ [attribute]: undefined }), required(attribute)),
  ]
}

/** What a UUID may not be. */
export const noUuidRules = (build: Build, attribute: string): Rule[] =>
  [
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
    rule(`${attribute} may not be ${JSON.stringify(value)}`, build({ [attribute]: value }), [
      attribute,
      `${attribute} must be a UUID`,
    ]),
  )

export function uuidRules(build: Build, attribute: string, isOptional = false): Rule[] {
  return [
    ...['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'].map((value) =>
      rule(`${attribute} may be ${value}`, build({ [attribute]: value })),
    ),
    ...noUuidRules(build, attribute),
    ...notTextRules(build, attribute, isOptional),
  ]
}

const address = (length: number) => `${'a'.repeat(length - 12)}@example.com`

/** What holds for `email` of any type. */
export function emailRules(build: Build): Rule[] {
  return [
    ...notTextRules(build, 'email'),
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
      address(1024),
    ].map((value) => rule(`email may be ${show(value)}`, build({ email: value }))),
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
      rule(`email may not be ${show(value)}`, build({ email: value }), ['email', `email ${sentence}`]),
    ),
    rule(
      'email may not be "a@"',
      build({ email: 'a@' }),
      ['email', 'email must be at least 3 characters'],
      ['email', 'email must have a domain after the @'],
    ),
    ...[1025, 5000].map((length) =>
      rule(`email may not have ${length} characters`, build({ email: address(length) }), [
        'email',
        'email must be at most 1024 characters',
      ]),
    ),
  ]
}

/** What holds for the payment authority of any type. */
export function paymentAuthorityRules(build: Build): Rule[] {
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

/** What every time may be, past times all of them. */
const TIMES = [
  '2026-01-31T12:00:00Z',
  '2026-01-31t12:00:00z',
  '2026-01-31T12:00:00.1Z',
  '2026-01-31T12:00:00.123456Z',
  '2026-01-31T12:00:00.123456789Z',
  '2026-01-31T00:00:00+00:00',
  '2026-01-31T00:00:00-00:00',
  '2026-01-31T12:00:00.5+23:59',
  '2026-01-31T12:00:00-23:59',
  '2026-01-31T12:00:00+05:45',
  '2024-02-29T12:00:00Z',
  '2000-02-29T12:00:00Z',
  '0001-01-01T00:00:00Z',
  // The leap second of RFC 3339, section 5.8, in both of its forms there.
  '1990-12-31T23:59:60Z',
  '1990-12-31T15:59:60-08:00',
] as const

/** What is no time by RFC 3339, though a parser of dates may accept it. */
const NO_TIMES = [
  '',
  'now',
  'infinity',
  '2026-01-31',
  '2026-01-31T12:00:00',
  '2026-01-31T12:00Z',
  '2026-01-31T12Z',
  '2026-01-31 12:00:00Z',
  ' 2026-01-31T12:00:00Z',
  '2026-01-31T12:00:00Z\n',
  '2026-01-31T12:00:00Z\0',
  '20260131T120000Z',
  '2026-W05-6T12:00:00Z',
  '2026-031T12:00:00Z',
  '2026-01-31T12:00:00.Z',
  '2026-01-31T12:00:00.1234567890Z',
  '2026-01-31T12:00:00,5Z',
  '2026-01-31T12:00:00+01',
  '2026-01-31T12:00:00+0100',
  '2026-01-31T12:00:00+24:00',
  '2026-01-31T12:00:00+01:60',
  '2026-01-31T12:00:00\u221201:00',
  '2026-01-31T12:00:00 Z',
  '2026-01-31T12:00:00Europe/Berlin',
  '2026-01-31T12:00:00+01:00[Europe/Berlin]',
  '2026-01-31T12:00:00Z[u-ca=gregory]',
  '2026-01-31T24:00:00Z',
  '2026-01-31T12:60:00Z',
  '2026-01-31T12:00:60Z',
  '1990-12-31T23:59:61Z',
  '2026-02-30T12:00:00Z',
  '2026-02-29T12:00:00Z',
  '1900-02-29T12:00:00Z',
  '2026-04-31T12:00:00Z',
  '2026-13-01T12:00:00Z',
  '2026-00-01T12:00:00Z',
  '2026-01-00T12:00:00Z',
  '2026-1-31T12:00:00Z',
  '26-01-31T12:00:00Z',
  '+002026-01-31T12:00:00Z',
  '-2026-01-31T12:00:00Z',
  '10000-01-01T00:00:00Z',
  '0000-12-31T23:59:59Z',
  '２０２６-01-31T12:00:00Z',
  '1767225600000',
  // In UTC they are in the years 0 and 10,000.
  '0001-01-01T00:00:00+00:01',
  '9999-12-31T23:59:59-00:01',
] as const

/** What holds for a time by RFC 3339. */
export const timeRules = (build: Build, attribute: string): Rule[] =>
  timeRulesOf(build, attribute, TIMES, NO_TIMES)

/** Enough to see that an attribute is a time. */
export const someTimeRules = (build: Build, attribute: string): Rule[] =>
  timeRulesOf(build, attribute, ['0001-01-01T00:00:00Z', TIMES[0]], ['2026-01-31', '2026-02-30T12:00:00Z'])

function timeRulesOf(
  build: Build,
  attribute: string,
  times: readonly string[],
  noTimes: readonly string[],
): Rule[] {
  return [
    ...times.map((value) => rule(`${attribute} may be ${value}`, build({ [attribute]: value }))),
    ...noTimes.map((value) =>
      rule(`${attribute} may not be ${JSON.stringify(value)}`, build({ [attribute]: value }), [
        attribute,
        `${attribute} must be a time by RFC 3339, such as 2026-01-31T12:00:00Z`,
      ]),
    ),
    ...notTextRules(build, attribute, true),
  ]
}
