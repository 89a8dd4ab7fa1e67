import sql from 'sql-template-tag'
import { describe, expect, test } from 'vitest'
import { HttpError } from '../../../src/http/errors.js'
import { type FilterAttributes, readFilter } from '../../../src/http/lists/filter.js'
import { toTimestamp } from '../../../src/http/lists/timestamp.js'

const attributes: FilterAttributes = {
  id: { kind: 'uuid', column: sql`id` },
  name: { kind: 'text', column: sql`name` },
  status: { kind: { oneOf: ['pending', 'started'] }, column: sql`status` },
  created_at: { kind: 'time', column: sql`created_at` },
}

/**
 * The values that a filter passes to the statement, never in its text. A condition may pass its values twice.
 */
const values = (filter: string | readonly string[]): unknown[] => [
  ...new Set<unknown>(readFilter(filter, attributes)?.where.values),
]

describe('An operand', () => {
  test.each([
    ['bare', 'eq(name,abc)', 'abc'],
    ['bare with every character that may be', 'eq(name,azAZ09@$_*.{}|+:/-)', 'azAZ09@$_*.{}|+:/-'],
    ['bare with inner spaces', 'eq(name,a b  c)', 'a b  c'],
    ['bare, its leading spaces dropped', 'eq(name,   abc)', 'abc'],
    ['quoted, leading spaces before the quote dropped', 'eq(name,  "abc")', 'abc'],
    ['in double quotes', 'eq(name,"a,b)(c")', 'a,b)(c'],
    ['in single quotes', "eq(name,'a,b')", 'a,b'],
    ['quoted, its spaces kept', 'eq(name,"  a ")', '  a '],
    ['quoted and empty', 'eq(name,"")', ''],
    ['with the other quote in it', `eq(name,"it's")`, "it's"],
    ['with its own quote escaped', 'eq(name,"say \\"hi\\"")', 'say "hi"'],
    ['with its own single quote escaped', "eq(name,'it\\'s')", "it's"],
    ['with a backslash before another character', 'eq(name,"a\\b")', 'a\\b'],
    ['of any characters when quoted', 'eq(name,"é☕😀%_&=?#\n")', 'é☕😀%_&=?#\n'],
    ['that looks like a condition', 'eq(name,"x):eq(name,y")', 'x):eq(name,y'],
  ])('%s', (_, filter, expected) => {
    expect(values(filter)).toEqual([[expected]])
  })

  test('in takes many', () => {
    expect(values('in(name,a, b,"c,d",\'e\')')).toEqual([['a', 'b', 'c,d', 'e']])
  })
})

describe('Conditions', () => {
  const condition = 'eq(name,a)'
  test.each([
    ['joined by colons', [Array(10).fill(condition).join(':')]],
    ['in a repeated parameter', Array(10).fill(condition)],
    ['both', [`${condition}:${condition}`, ...Array(8).fill(condition)]],
  ])('ten, %s, are taken; eleven are not', (_, filters: string[]) => {
    expect(values(filters)).toHaveLength(10)
    expect(() => readFilter([...filters, condition], attributes)).toThrow(HttpError)
    expect(() => readFilter([`${condition}:${filters[0]}`, ...filters.slice(1)], attributes)).toThrow(
      HttpError,
    )
  })

  test('8 KB are accepted, in one or several; a byte more is not', () => {
    const ofBytes = (bytes: number) => `eq(name,"${'é'.repeat((bytes - 12) / 2)}${'x'.repeat(bytes % 2)}")`
    const exactly = ofBytes(8192)
    expect(Buffer.byteLength(exactly)).toBe(8191)
    expect(values(`${exactly.slice(0, -2)}x")`)).toHaveLength(1)
    expect(() => readFilter(`${exactly.slice(0, -2)}xx")`, attributes)).toThrow(HttpError)
    expect(() => readFilter([exactly, condition], attributes)).toThrow(HttpError)
  })

  test.each([undefined, '', ['', '']])('no filter, %j, is no condition', (filter) => {
    expect(readFilter(filter, attributes)).toBeUndefined()
  })

  test('an empty filter beside another one is ignored', () => {
    expect(values(['', condition, ''])).toEqual([['a']])
  })
})

describe('Unknown names are quoted as given', () => {
  test.each([
    ['eq(nonsense-attr,a)', '"nonsense-attr" is not one of id, name, status, created_at.'],
    ['eq(attributes.name,a)', '"attributes.name" is not one of id, name, status, created_at.'],
    ['eq(Name,a)', '"Name" is not one of id, name, status, created_at.'],
    ['eq(the name,a)', '"the name" is not one of id, name, status, created_at.'],
    ['is_null(prix-é)', '"prix-é" is not one of id, name, status, created_at.'],
    [`eq(${'x'.repeat(200)},a)`, `"${'x'.repeat(100)}…" is not one of id, name, status, created_at.`],
    ['not-equal(name,a)', '"not-equal" is not one of eq, in, like, gt, ge, lt, le, is_null.'],
    ['EQ(name,a)', '"EQ" is not one of eq, in, like, gt, ge, lt, le, is_null.'],
    ['gt(name,a)', 'name can be filtered by eq, in, like, not by gt.'],
  ])('%s', (filter, why) => {
    expect(() => readFilter(filter, attributes)).toThrow(`Could not parse the supplied filter: ${why}`)
  })
})

describe('Unparsable text is refused', () => {
  test.each([
    ' ',
    'name',
    'eq',
    'eq(',
    'eq()',
    'eq(name',
    'eq(name)',
    'eq(name,',
    'eq(name,)',
    'eq(name,a',
    'eq(name,a))',
    'eq(name,a)b',
    'eq(name,a) ',
    'eq(name,a):',
    ':eq(name,a)',
    'eq(name,a)::eq(name,b)',
    'eq(name,a),eq(name,b)',
    'eq(name,a)&eq(name,b)',
    'eq(name,a,b)',
    'eq(name,a,)',
    'like(name,a,b)',
    'in(name)',
    'in(name,)',
    'in(name,a,)',
    'is_null(created_at,a)',
    'is_null()',
    'eq(name,"a)',
    "eq(name,'a)",
    'eq(name,"a\\")',
    'eq(name,"a"b)',
    'eq(name,a"b)',
    'eq(name,a%)',
    'eq(name,a;b)',
    'eq(name,a=b)',
    'eq(name,a\\b)',
    'eq(name,é)',
    'eq(name,a\tb)',
    'EQ(name,a)',
    'ne(name,a)',
    'not(eq(name,a))',
    'eq_(name,a)',
    'constructor(name,a)',
    'eq(Name,a)',
    'eq(unknown,a)',
    'eq(constructor,a)',
    'eq(__proto__,a)',
    'eq("name",a)',
    "eq(name,a' or '1'='1)",
    '(eq(name,a))',
    '{"name":"a"}',
    'eq(name,"a\0b")',
  ])('%j', (filter) => {
    expect(() => readFilter(filter, attributes)).toThrow(
      expect.objectContaining({
        statusCode: 400,
        entries: [
          {
            status: '400',
            title: 'Bad Request',
            detail: expect.stringMatching(/^Could not parse the supplied filter/),
          },
        ],
      }),
    )
  })
})

describe('A value of the wrong kind is refused', () => {
  test.each([
    'eq(id,1)',
    'in(id,00000000-0000-0000-0000-000000000000,x)',
    'eq(status,unknown)',
    'eq(status,PENDING)',
    'in(status,pending,)',
    'eq(created_at,yesterday)',
    'eq(created_at,"")',
    'eq(created_at,2017-13-01)',
    'eq(created_at,2017-02-29)',
    'eq(created_at,2017-1-1)',
    'eq(created_at,2017-01)',
    'eq(created_at,2017-01-10T11:41:19)',
    'eq(created_at,2017-01-10T24:00:00Z)',
    'eq(created_at,2017-01-10T11:60:00Z)',
    'eq(created_at,2017-01-10T11:41:61Z)',
    'eq(created_at,2017-01-10T11:41Z)',
    'eq(created_at,1.5)',
    'eq(created_at,0x10)',
    'eq(created_at,1e3)',
    'eq(created_at,infinity)',
    'eq(created_at,now)',
    'eq(created_at,epoch)',
    'eq(created_at,999999999999999999999)',
  ])('%s', (filter) => {
    expect(() => readFilter(filter, attributes)).toThrow(HttpError)
  })
})

describe('A date', () => {
  test.each([
    ['2017-01-10', '2017-01-10T00:00:00Z'],
    ['2016-02-29', '2016-02-29T00:00:00Z'],
    ['2017-01-10T11:41:19Z', '2017-01-10T11:41:19Z'],
    ['2017-01-10T11:41:19.244842Z', '2017-01-10T11:41:19.244842Z'],
    ['2017-01-10t11:41:19z', '2017-01-10T11:41:19Z'],
    ['2017-01-10T11:41:19+02:00', '2017-01-10T11:41:19+02:00'],
    ['2017-01-10T11:41:19-02:30', '2017-01-10T11:41:19-02:30'],
    ['2017-01-10T11:41:19 02:00', '2017-01-10T11:41:19+02:00'],
    ['1484048479244', '2017-01-10T11:41:19.244Z'],
    ['0', '1970-01-01T00:00:00.000Z'],
    ['-1', '1969-12-31T23:59:59.999Z'],
  ])('%s is %s', (given, expected) => {
    expect(toTimestamp(given)).toBe(expected)
  })
})
