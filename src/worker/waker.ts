/** Wakes the waiter; a wake without a waiter ends the next wait at once. */
export class Waker {
  #isWoken = false
  #endWait: (() => void) | undefined

  wake(): void {
    this.#isWoken = true
    this.#endWait?.()
  }

  /** Returns at the next wake, or after `timeoutMs`. One waiter at a time. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#endWait = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#endWait = undefined
    this.#isWoken = false
  }
}
