import { getRandomValues } from 'node:crypto'

/**
 * Random bytes are requested in bulk: sixteen for each snapshot at a time would take longer than all the
 * rest.
 */
const RANDOM_BYTES = 16 * 512

let random = new Uint8Array()
let randomUsed = 0

/** Sixteen random bytes. */
export function randomBytes(): Uint8Array {
  if (randomUsed === random.length) {
    random = getRandomValues(new Uint8Array(RANDOM_BYTES))
    randomUsed = 0
  }
  randomUsed += 16
  return random.subarray(randomUsed - 16, randomUsed)
}
