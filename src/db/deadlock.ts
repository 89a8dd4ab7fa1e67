import { isDeadlock } from './errors.js'

const ATTEMPTS = 5

/**
 * Runs a transaction that locks several rows, and runs it again if it was the victim of a deadlock: nothing of it was
 * done then, and the others have what they waited for.
 */
export async function despiteDeadlocks<T>(transact: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transact()
    } catch (error) {
      if (!isDeadlock(error) || attempt === ATTEMPTS) throw error
    }
  }
}
