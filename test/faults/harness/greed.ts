import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { aProduct, times } from '../../support/builders.js'
import { openSocket } from '../../support/sockets.js'
import { type Faults, MAY_BE_ANSWERED } from './scene.js'
import type { Owner } from './victim.js'

const FILES = 8
const FILTERS_AT_ONCE = 30
const READERS = 30

/** Many of its lines are wrong, so that its reports are long. */
const FILE = times(4000, (line) => aProduct({ name: line % 2 === 0 ? 'Coffee box' : 'No' }))

/** One owner that takes all it can get while the imports of others run. */
export const greed: Faults = {
  async 'a greedy owner: many imports, slow filters, and readers that read nothing'({
    greedy,
    random,
    later,
  }) {
    const ended = new AbortController()
    const ids = await postMany(greedy)
    const filtering = Promise.all(
      Array.from({ length: FILTERS_AT_ONCE }, () => filterUntil(greedy, ended.signal)),
    )
    // It is awaited only at the end; failures are reported there.
    filtering.catch(() => {})
    const readers =
      ids.length === 0 ? [] : Array.from({ length: READERS }, () => read(greedy, random.pick(ids)))
    later(async () => {
      ended.abort()
      for (const reader of readers) reader.destroy()
      await filtering
    })
    await sleep(random.below(500))
  },
}

/** Returns the ids of those that were accepted. */
async function postMany({ api }: Owner): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: FILES }, () => api.upload(FILE).catch(() => undefined)),
  )
  const odd = answers.find((answer) => answer && ![201, ...MAY_BE_ANSWERED].includes(answer.status))
  if (odd) throw new Error(`A greedy POST was answered ${odd.status}: ${JSON.stringify(odd.body)}`)
  return answers.flatMap((answer) => (answer?.status === 201 ? [answer.body.data.id as string] : []))
}

/** Filters that read every record of the owner, one after the other. */
async function filterUntil({ api }: Owner, ended: AbortSignal): Promise<void> {
  const path = '/subscriptions/products?filter=like(name,*nothing*)&page[limit]=100'
  while (!ended.aborted) {
    const headers = { authorization: `Bearer ${api.key}` }
    const answer = await fetch(new URL(path, api.url), { headers }).catch(() => undefined)
    await answer?.text().catch(() => '')
    if (answer && ![200, ...MAY_BE_ANSWERED].includes(answer.status)) {
      throw new Error(`A slow filter was answered ${answer.status}.`)
    }
    await sleep(answer?.status === 200 ? 0 : 200)
  }
}

/** Requests a report, and never reads it. */
function read({ api }: Owner, id: string): Socket {
  const socket = openSocket(api.url)
  socket.pause()
  socket.write(
    `GET /subscriptions/imports/${id}/errors HTTP/1.1\r\nhost: intake\r\n` +
      `authorization: Bearer ${api.key}\r\naccept: application/jsonl\r\n\r\n`,
  )
  return socket
}
