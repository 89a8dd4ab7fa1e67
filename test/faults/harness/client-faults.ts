import { setTimeout as sleep } from 'node:timers/promises'
import { aProduct, times } from '../../support/builders.js'
import { formEnd, importFile, multipart } from '../../support/multipart.js'
import { answerOn, openSocket, openUpload } from '../../support/sockets.js'
import { type Faults, MAY_BE_ANSWERED, type Scene } from './scene.js'
import type { Owner } from './victim.js'

/** Lines of the bystander's interrupted files. */
export const CUT_LINES = 3000

/** Clients that disconnect, or that send everything before they read anything. */
export const clientFaults: Faults = {
  async 'uploads cut at a random byte'({ random, bystander }) {
    const form = multipart([importFile(times(CUT_LINES, () => aProduct()))], formEnd).toString()
    for (let upload = 0; upload < 5; upload += 1) {
      const socket = openUpload(
        bystander.api,
        form.slice(0, random.below(form.length - formEnd.length)),
        `content-length: ${Buffer.byteLength(form)}`,
      )
      await sleep(random.below(40))
      if (random.oneIn(2)) socket.destroy()
      else socket.resetAndDestroy()
    }
  },

  async 'uploads on connections that close, most of them answered early'(scene) {
    const { random } = scene
    const externalRef = random.uuid()
    // The first is accepted, whatever its outcome; from then on its external_ref is taken.
    await uploadSlowly(scene, { path: `${IMPORTS}?external_ref=${externalRef}`, due: [201] }, TAKEN)
    const all: readonly Refusal[] = [
      { path: IMPORTS, authorization: 'Bearer nobody', due: [401] },
      { path: `${IMPORTS}/nothing`, due: [404, 405] },
      { path: IMPORTS, contentType: 'application/pdf', due: [415] },
      { path: `${IMPORTS}?external_ref=${externalRef}`, due: [409, 201] },
      { path: `${IMPORTS}?on_conflict=sometimes`, due: [400] },
      { path: IMPORTS, due: [201] },
    ]
    for (let upload = 0; upload < 3; upload += 1) {
      const refusal = random.pick(all)
      await uploadSlowly(scene, refusal, refusal.due.includes(201) ? TAKEN : REFUSED)
    }
  },
}

const IMPORTS = '/subscriptions/imports'
const TAKEN = Buffer.from(times(20_000, () => aProduct()))
const REFUSED = Buffer.concat(Array.from({ length: 8 }, () => TAKEN))

interface Refusal {
  readonly path: string
  readonly authorization?: string
  readonly contentType?: string
  /** The statuses that are allowed. */
  readonly due: readonly number[]
}

/**
 * Sends a whole file before it reads, as many clients and proxies do.
 *
 * @throws unless the response has arrived by then
 */
async function uploadSlowly({ bystander, random }: Scene, refusal: Refusal, body: Buffer): Promise<void> {
  const answer = await send(bystander, refusal, body, () => (random.oneIn(10) ? random.below(30) : 0))
  if (refusal.due.includes(answer.status) || MAY_BE_ANSWERED.includes(answer.status)) return
  throw new Error(
    `${JSON.stringify(refusal)} of ${body.length} bytes was answered ${answer.status}: ${answer.head.slice(0, 500)}`,
  )
}

async function send({ api }: Owner, refusal: Refusal, body: Buffer, pause: () => number) {
  const { path, authorization = `Bearer ${api.key}`, contentType = 'application/jsonl' } = refusal
  const socket = openSocket(api.url)
  // Not read yet.
  socket.pause()
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: intake\r\nconnection: close\r\nauthorization: ${authorization}\r\n` +
      `content-type: ${contentType}\r\ncontent-length: ${body.length}\r\n\r\n`,
  )
  const PIECE = 64 * 1024
  for (let at = 0; at < body.length && !socket.destroyed; at += PIECE) {
    // A broken connection is reported below, by the missing response.
    await new Promise<void>((resolve) => socket.write(body.subarray(at, at + PIECE), () => resolve()))
    await sleep(pause())
  }
  return await answerOn(socket).catch(() => ({ status: Number.NaN, head: 'nothing', body: '' }))
}
