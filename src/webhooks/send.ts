import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Webhook } from 'standardwebhooks'
import { networkFault } from '../text/network-fault.js'
import { version } from '../version.js'
import { isPrivateHost, lookupPublic, PrivateAddress } from './addresses.js'
import type { ClaimedDelivery } from './deliveries.js'

/** From the look-up of the name to the end of the answer. */
export const ANSWER_TIMEOUT_MS = 15_000

/** How much of a refusal is read, and how much of it is stored. */
const READ_BYTES = 4096
const KEPT_CHARACTERS = 200

/**
 * Posts a delivery once, signed according to https://www.standardwebhooks.com. Redirects are not followed.
 *
 * @returns whether the receiver accepted it with a 2xx, and its answer in words. Throws only the reason of
 * `stop`.
 */
export async function send(
  delivery: ClaimedDelivery,
  allowPrivate: boolean,
  stop: AbortSignal,
): Promise<{ delivered: boolean; answer: string }> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  try {
    const response = await post(delivery, allowPrivate, AbortSignal.any([stop, timeout]))
    const { statusCode: status = 0, statusMessage = '' } = response
    const delivered = status >= 200 && status < 300
    const said = delivered ? '' : await beginningOf(response)
    response.destroy()
    const answer = `${status} ${statusMessage}`.trimEnd()
    return { delivered, answer: said === '' ? answer : `${answer}: ${said}` }
  } catch (error) {
    stop.throwIfAborted()
    if (timeout.aborted) {
      return { delivered: false, answer: `there was no answer within ${ANSWER_TIMEOUT_MS / 1000} s` }
    }
    return { delivered: false, answer: networkFault(error) }
  }
}

async function post(
  { id, url: given, attemptedAt, payload, secret }: ClaimedDelivery,
  allowPrivate: boolean,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = new URL(given)
  if (!allowPrivate && isPrivateHost(url)) throw new PrivateAddress(url.hostname)
  const at = new Date(attemptedAt)
  const body = Buffer.from(payload)
  return await new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      signal,
      // A new connection: the address of a kept one was checked for another request.
      agent: false,
      ...(!allowPrivate && { lookup: lookupPublic }),
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        'user-agent': `intake/${version()}`,
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, at, payload),
      },
    })
    request.on('error', reject)
    request.on('response', resolve)
    // Node hands over such a connection, or ends it silently, and there is no response.
    request.on('upgrade', ({ statusCode, statusMessage }, socket) => {
      socket.destroy()
      reject(new Error(`${statusCode} ${statusMessage}`))
    })
    request.on('close', () => reject(new Error('the connection was closed')))
    request.end(body)
  })
}

/** The first characters of a body, on one line. The rest is not read. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece)
      bytes += piece.length
      if (bytes >= READ_BYTES) break
    }
  } catch {
    // The status is known; the body would only have explained it.
  }
  const text = Buffer.concat(pieces).subarray(0, READ_BYTES).toString()
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  return [...line].slice(0, KEPT_CHARACTERS).join('')
}
