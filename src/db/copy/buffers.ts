import { Output } from './output.js'

/** The most buffers that are kept: about what two chunks need at once. */
const MAX_SPARE = 8

/** Larger ones are left to the garbage collector: the rows of most chunks take less. */
const LARGEST_SPARE_BYTES = 2 ** 20

/**
 * Buffers that rows are encoded into, chunk after chunk. Whoever owns this owns them; nobody else has to give
 * one back.
 */
export class CopyBuffers {
  readonly #spare: Buffer[] = []

  /** Lends buffers for rows that are released together. */
  lend(): CopyLoan {
    return new CopyLoan(this.#spare)
  }
}

/**
 * The buffers of some rows. If it is never released, for instance after a fault, the garbage collector takes
 * them.
 */
export class CopyLoan {
  readonly #spare: Buffer[]
  #outputs: Output[] = []

  /** @param spare taken from, and given back to */
  constructor(spare: Buffer[]) {
    this.#spare = spare
  }

  output(): Output {
    const output = new Output(this.#spare.pop())
    this.#outputs.push(output)
    return output
  }

  /** Gives all buffers back. Only when the database has taken what is in them: the rows are gone then. */
  release(): void {
    for (const output of this.#outputs) {
      const buffer = output.detach()
      if (this.#spare.length < MAX_SPARE && buffer.length <= LARGEST_SPARE_BYTES) this.#spare.push(buffer)
    }
    this.#outputs = []
  }
}
