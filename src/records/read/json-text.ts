import type { TSchema } from 'typebox'
import { toRfc3339 } from '../../db/pool.js'
import { quoted } from '../../json/quote.js'
import { type AttributesSchema, attributeKind, type ColumnType } from '../attribute-kinds.js'
import type { Column } from '../columns.js'
import type { RecordType } from '../record-type.js'
import type { Row, TextRow } from './records.js'

/** A row as PostgreSQL writes its values. */
type Texts = Readonly<Record<string, string | null>>
type Write = (text: string) => string

/** How a value of a column becomes JSON, from the text that PostgreSQL writes. */
const WRITERS: Readonly<Record<ColumnType, Write>> = {
  text: quoted,
  uuid: (text) => `"${text}"`,
  // Ours are safe integers.
  bigint: (text) => text,
  'double precision': (text) => JSON.stringify(Number(text)),
  boolean: (text) => (text === 't' ? 'true' : 'false'),
  timestamptz: (text) => `"${toRfc3339(text)}"`,
  jsonb: (text) => JSON.stringify(JSON.parse(text)),
}

/** How a value of a column is parsed, where it is not its text. */
const PARSERS: Readonly<Partial<Record<ColumnType, (text: string) => unknown>>> = {
  bigint: Number,
  'double precision': Number,
  boolean: (text) => text === 't',
  timestamptz: toRfc3339,
  jsonb: JSON.parse,
}

/** How long a value is that is not written at once. */
const LONG_CHARACTERS = 32 * 1024

export function isLong(row: Texts): boolean {
  for (const name in row) if ((row[name]?.length ?? 0) > LONG_CHARACTERS) return true
  return false
}

/** Makes a row of values of a row of texts. */
export function rowParser({ columns }: RecordType): (row: TextRow) => Row {
  const parsed = columns.flatMap(({ name, type }) => {
    const parse = PARSERS[type]
    return parse ? [[name, parse] as const] : []
  })
  return (row) => {
    const values = parsed.map(([name, parse]) => {
      const text = row[name]
      return [name, text === null || text === undefined ? null : parse(text)] as const
    })
    return {
      ...row,
      ...Object.fromEntries(values),
      created_at: toRfc3339(row.created_at),
      updated_at: toRfc3339(row.updated_at),
    }
  }
}

/**
 * Amounts by currency. Its texts are currencies and names of ours, so all spaces are PostgreSQL's; whole numbers
 * are written as JavaScript writes them.
 */
const writeMap: Write = (text) =>
  text.includes('.') || text.includes('\\') ? WRITERS.jsonb(text) : text.replaceAll(' ', '')

const writerOf = (schema: TSchema, type: ColumnType): Write =>
  type === 'jsonb' && attributeKind(schema).isMap ? writeMap : WRITERS[type]

/** A member with a comma behind it; nothing if it is absent. */
type WriteMember = (row: Texts) => string

/**
 * The members of a record's attributes as JSON, each with a comma behind it: what `JSON.stringify` makes of
 * `attributesOf`, without an object in between.
 */
export function attributesWriter({ columns, attributes: { properties } }: RecordType): WriteMember {
  const read = columns.filter(({ isWriteOnly }) => !isWriteOnly)
  const names = [...new Set(read.map(({ path }) => path[0]))]
  const members = names.map((name) => {
    const own = read.filter(({ path }) => path[0] === name)
    const schema = properties[name]
    if (!schema) throw new Error(`${name} is not an attribute`)
    return own.some(({ path }) => path[1] !== undefined)
      ? groupWriter(name, schema, own)
      : plain(name, schema, own)
  })
  return (row) => {
    let text = ''
    for (const member of members) text += member(row)
    return text
  }
}

function plain(name: string, schema: TSchema, [column]: readonly Column[]): WriteMember {
  if (!column) throw new Error(`${name} has no column`)
  const start = `${JSON.stringify(name)}:`
  const write = writerOf(schema, column.type)
  return (row) => {
    const text = row[column.name]
    return text === null || text === undefined ? '' : `${start}${write(text)},`
  }
}

function groupWriter(name: string, schema: TSchema, columns: readonly Column[]): WriteMember {
  const start = `${JSON.stringify(name)}:{`
  const inner = columns.map((column) => {
    const [, second = ''] = column.path
    const property = (schema as AttributesSchema).properties[second]
    if (!property) throw new Error(`${name} has no ${second}`)
    return plain(second, property, [column])
  })
  return (row) => {
    const members = inner.map((member) => member(row)).join('')
    return members === '' ? '' : `${start}${members.slice(0, -1)}},`
  }
}
