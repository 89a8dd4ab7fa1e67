import type { Duplex } from 'node:stream'
import pg from 'pg'
import type { Client } from '../pool.js'
import type { CopyLoan } from './buffers.js'
import { insertInto, isByInsert } from './by-insert.js'
import { Output } from './output.js'

/** The PostgreSQL types that are copied. */
export type CopyType =
  | 'text'
  | 'uuid'
  | 'integer'
  | 'bigint'
  | 'double precision'
  | 'boolean'
  | 'timestamptz'
  | 'jsonb'

/** A column that is copied into. */
export interface CopyColumn {
  readonly name: string
  readonly type: CopyType
}

/**
 * A value of a row: `jsonb` as its text, integers as safe integers, `timestamptz` as milliseconds since 1970,
 * or as a text in UTC with microseconds: `2017-01-10T11:41:19.244842Z`.
 */
export type CopyValue = string | number | boolean | null

/**
 * Rows to be added to a table by COPY, encoded as they are added, in the binary format (PostgreSQL's
 * documentation of COPY, "Binary Format"). So what waits for the database is bytes, which the garbage
 * collector does not have to scan.
 */
export class CopyRows {
  readonly #columns: readonly CopyColumn[]
  readonly #encoders: readonly Encode[]
  /** The start that all rows share. */
  readonly #leading: Buffer
  readonly #output: Output
  readonly #newOutput: () => Output
  /** Where each row ends. */
  readonly #ends: number[] = []
  #column = 0

  /**
   * @param leading the values of the first columns, the same in every row
   * @param loan whose buffers the rows are encoded into, and released with; else they have memory of their
   *   own
   */
  constructor(columns: readonly CopyColumn[], leading: readonly CopyValue[] = [], loan?: CopyLoan) {
    const encoders = columns.map(({ type }) => encoderOf[type])
    this.#columns = columns
    this.#encoders = encoders.slice(leading.length)
    this.#newOutput = () => loan?.output() ?? new Output()
    const output = this.#newOutput()
    output.int16(columns.length)
    for (const [index, value] of leading.entries()) encodeValue(output, encoders[index], value)
    this.#leading = Buffer.from(output.bytes())
    output.truncate(0)
    writeHeader(output)
    this.#output = output
  }

  get length(): number {
    return this.#ends.length
  }

  /** The size of the rows, in bytes. */
  get bytes(): number {
    return this.#output.length
  }

  /** Adds a row: the values of the columns after the leading ones. */
  add(values: readonly CopyValue[]): void {
    this.begin()
    for (const value of values) this.value(value)
    this.end()
  }

  /** Starts a row, whose values follow one by one. */
  begin(): void {
    this.#output.append(this.#leading, 0, this.#leading.length)
    this.#column = 0
  }

  value(value: CopyValue): void {
    encodeValue(this.#output, this.#encoders[this.#column], value)
    this.#column += 1
  }

  /** Ends a row that has all of its values. */
  end(): void {
    this.#ends.push(this.#output.length)
  }

  /**
   * Adds the rows to a table, if there are any, in one statement: all of them or, if it throws, none.
   *
   * @param table as SQL writes it.
   * @throws DatabaseError, of a unique violation (23505) for one
   */
  async copyTo(client: Client, table: string, selection: Selection = ALL): Promise<void> {
    if (selection.except.size === this.length) return
    const output = this.#selected(selection)
    writeTrailer(output)
    const names = this.#columns.map(({ name }) => name).join(', ')
    const copyInto = (into: string) =>
      new Promise<void>((resolve, reject) => {
        const text = `copy ${into} (${names}) from stdin (format binary)`
        client.query(new CopyQuery(text, output.bytes(), (error) => (error ? reject(error) : resolve())))
      })
    if (isByInsert(client)) await insertInto(client, table, names, copyInto)
    else await copyInto(table)
  }

  /** Forgets the rows, so that others can be added in their place. Only when they were copied. */
  clear(): void {
    this.#ends.length = 0
    this.#output.truncate(HEADER_BYTES)
  }

  #selected({ except, lastValues }: Selection): Output {
    // What an earlier call put after the rows goes.
    this.#output.truncate(this.#ends.at(-1) ?? HEADER_BYTES)
    if (except.size === 0 && !lastValues) return this.#output
    const output = this.#newOutput()
    writeHeader(output)
    const all = this.#output.bytes()
    for (const [place, end] of this.#ends.entries()) {
      if (except.has(place)) continue
      output.append(all, this.#startOf(place), end)
      if (lastValues) this.#append(output, lastValues(place))
    }
    return output
  }

  #append(output: Output, values: readonly CopyValue[]): void {
    const first = this.#encoders.length - values.length
    for (const [index, value] of values.entries()) encodeValue(output, this.#encoders[first + index], value)
  }

  #startOf(place: number): number {
    return this.#ends[place - 1] ?? HEADER_BYTES
  }
}

/** Which rows are copied. Their places count from 0. */
export interface Selection {
  /** The places of rows that are left out. */
  readonly except: ReadonlySet<number>
  /** By place, the values of a row's last columns, if it was added without them. */
  readonly lastValues?: (place: number) => readonly CopyValue[]
}

const ALL: Selection = { except: new Set() }

function encodeValue(output: Output, encode: Encode | undefined, value: CopyValue): void {
  if (value === null || encode === undefined) output.int32(-1)
  else encode(output, value)
}

/** The signature, no flags, and no extension of the header; before them, the head of a CopyData message. */
function writeHeader(output: Output): void {
  output.append(HEADER, 0, HEADER_BYTES)
}

const HEADER = Buffer.from(`d\0\0\0\0PGCOPY\n\xff\r\n\0${'\0'.repeat(8)}`, 'latin1')
const HEADER_BYTES = HEADER.length

function writeTrailer(output: Output): void {
  output.int16(-1)
  // A CopyData message contains its length, without its first byte (PostgreSQL's documentation, "Message
  // Formats").
  output.bytes().writeInt32BE(output.length - 1, 1)
}

/** What pg's connection has for COPY (its own types leave a part out). */
interface CopyConnection {
  readonly stream: Duplex
  endCopyFrom(): void
}

/**
 * A COPY statement with all of its data, which is sent without waiting until the server is ready for it: if
 * the statement fails, the server drops what follows (PostgreSQL's documentation, "COPY Operations").
 * `pg-copy-streams` is not used: as of 7.0, an error while it waits for the socket to drain ends the process
 * (docs/decisions/0025).
 */
class CopyQuery extends pg.Query {
  constructor(text: string, message: Buffer, callback: (error: Error | undefined) => void) {
    super(text, callback)
    const { submit } = this
    this.submit = (connection) => {
      submit.call(this, connection)
      const { stream, endCopyFrom } = connection as unknown as CopyConnection
      stream.write(message)
      endCopyFrom.call(connection)
    }
  }

  /** pg calls this when the server is ready for the data, which has already been sent. */
  handleCopyInResponse(): void {}
}

/** Of a time in UTC, since 2000: more than a double holds exactly. */
const microseconds = (time: string): bigint =>
  BigInt(Date.parse(`${time.slice(0, 23)}Z`) - Date.UTC(2000, 0)) * 1000n + BigInt(time.slice(23, 26))

/** Writes a value's length in bytes, then the value as the type's `…recv` function reads it. */
type Encode = (output: Output, value: string | number | boolean) => void

const encoderOf: Readonly<Record<CopyType, Encode>> = {
  text: (output, value) => output.text(value as string),
  uuid: (output, value) => output.uuid(value as string),
  integer: (output, value) => {
    output.int32(4)
    output.int32(value as number)
  },
  bigint: (output, value) => {
    output.int32(8)
    output.int64(value as number)
  },
  'double precision': (output, value) => {
    output.int32(8)
    // As in the text form of a number, there is no negative zero.
    output.double((value as number) + 0)
  },
  boolean: (output, value) => {
    output.int32(1)
    output.int8(value ? 1 : 0)
  },
  // Microseconds since 2000.
  timestamptz: (output, value) => {
    output.int32(8)
    if (typeof value === 'string') output.bigint(microseconds(value))
    else output.int64(((value as number) - Date.UTC(2000, 0)) * 1000)
  },
  // The format's version, then the text.
  jsonb: (output, value) => output.text(value as string, 1),
}
