/** Before anything is known: a chunk of so many snapshots a record is small. */
const FIRST_GUESS = 100

/**
 * How many snapshots a named record leads to, as far as a job has seen it. A line shows only the name of an
 * offering, which may hold two thousand products and plans; a chunk has to end before it copies too much.
 */
export class FanOut {
  #perRecord = FIRST_GUESS
  #heldPerRecord = FIRST_GUESS

  /** Snapshots a record, of those that were resolved last. */
  get perRecord(): number {
    return this.#perRecord
  }

  saw(records: number, snapshots: number): void {
    if (records > 0) this.#perRecord = Math.max(1, Math.ceil(snapshots / records))
  }

  /** Snapshots that an existing record holds, which a line may replace, of those that were changed last. */
  get heldPerRecord(): number {
    return this.#heldPerRecord
  }

  sawHeld(records: number, snapshots: number): void {
    if (records > 0) this.#heldPerRecord = Math.ceil(snapshots / records)
  }
}
