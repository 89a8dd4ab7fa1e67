const waiting: (() => void)[] = []

/** Calls back those that wait one by one, each in a turn of the event loop of its own, so that others get theirs in between. */
export function inTurn(callBack: () => void): void {
  waiting.push(callBack)
  if (waiting.length === 1) setImmediate(callNext)
}

function callNext(): void {
  waiting[0]?.()
  waiting.shift()
  if (waiting.length > 0) setImmediate(callNext)
}
