import { aSubscriber } from '../../support/builders.js'
import { textRules, unknownAttributeRules } from './kinds.js'
import { type Build, type Complaint, type Rule, required, rule, show } from './rule.js'

const email = (length: number) => `${'a'.repeat(length - 12)}@example.com`

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

export const subscribers: Rule[] = [
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
