import sql, { raw, type Sql } from 'sql-template-tag'
import { LINE_DIGITS } from '../record-id.js'

/**
 * The lines whose records are held, a bit for each: few bytes even for millions of them, so that a statement can be
 * told all.
 */
export class HeldLines {
  #bits = Buffer.alloc(1024)

  add(line: number): void {
    const byte = Math.floor(line / 8)
    if (byte >= this.#bits.length) this.#bits = Buffer.concat([this.#bits], 2 * byte)
    this.#bits.writeUInt8(this.#bits.readUInt8(byte) | (1 << (line % 8)), byte)
  }

  /** The condition that a record of the import is one of these. @param id an expression for its id: `r.id` */
  includes(id: string): Sql {
    const line = sql`('x' || right(${raw(id)}::text, ${LINE_DIGITS}))::bit(36)::bigint`
    const bits = this.#bits.length * 8
    return sql`(case when ${line} < ${bits} then get_bit(${this.#bits}::bytea, ${line}) = 1 else false end)`
  }
}
