import type { FastifyReply, FastifyRequest } from 'fastify'
import { Turn } from '../turns.js'
import { type Downloads, SHORT_CHARACTERS } from './downloads.js'
import { inPieces, PIECE_CHARACTERS } from './pieces.js'
import { sendStream } from './stream.js'

/** A list in JSON that is read slice by slice. */
export type Slices = AsyncIterable<readonly unknown[]>

/** An element of a list that is JSON already. It is short. */
export class JsonText {
  constructor(readonly text: string) {}
}

/**
 * A JSON object that is computed part by part: it has the members of all parts. One without any is left
 * out.
 */
export type Parts = Iterable<object>

/** How much of a long object or array is written before others may get a turn. */
const MEMBERS_AT_ONCE = 500

/**
 * Sends a JSON object of values, of lists that are read slice by slice, of objects that are computed part by
 * part, and of objects and lists with such members. Short ones are sent whole, with a `Content-Length`. Long
 * ones are written as fast as the client reads, and count as downloads; what goes wrong before that is
 * answered as an error.
 *
 * @throws HttpError 429 if the caller has too many downloads under way
 */
export async function sendJson(
  request: FastifyRequest,
  reply: FastifyReply,
  downloads: Downloads,
  object: object,
): Promise<FastifyReply> {
  const pieces = inPieces(jsonOf(object))
  const turn = new Turn()
  let text = ''
  for (;;) {
    await turn.next()
    const { done, value } = await pieces.next()
    // Encoded once: of a text, Node would first count the bytes, and then encode it for the socket.
    if (done) return reply.type(JSON_TYPE).send(Buffer.from(text))
    text += value
    if (text.length > SHORT_CHARACTERS) break
  }
  // A change is never refused its response: its route has checked before.
  if (request.method === 'GET') downloads.admit(request.caller)
  downloads.count(request.caller, reply)
  if (request.method === 'HEAD') await pieces.return()
  return await sendStream(reply, { type: JSON_TYPE }, () => startingWith(text, pieces), turn)
}

const JSON_TYPE = 'application/json; charset=utf-8'

async function* jsonOf(value: unknown): AsyncGenerator<string, void, undefined> {
  if (!isLong(value)) {
    const text = JSON.stringify(value) as string | undefined
    if (text !== undefined) yield text
  } else if (isSlices(value)) yield* listOf(value)
  else if (isParts(value)) yield* membersOf(value)
  else if (Array.isArray(value)) yield* elementsOf(value)
  else if (Object.keys(value).length > MEMBERS_AT_ONCE) yield* membersOf([value])
  else yield* objectOf(value)
}

async function* listOf(slices: Slices): AsyncGenerator<string, void, undefined> {
  let separator = '['
  // Short items are passed on together: each step of a generator costs as much as a short item's text.
  let text = ''
  for await (const slice of slices) {
    for (const item of slice) {
      text += separator
      separator = ','
      if (item instanceof JsonText) text += item.text
      else if (isLong(item)) {
        yield text
        text = ''
        yield* jsonOf(item)
      } else text += JSON.stringify(item)
      if (text.length < PIECE_CHARACTERS) continue
      yield text
      text = ''
    }
  }
  yield separator === '[' ? '[]' : `${text}]`
}

async function* objectOf(object: object): AsyncGenerator<string, void, undefined> {
  let separator = '{'
  for (const [name, member] of Object.entries(object)) {
    let before = `${separator}${JSON.stringify(name)}:`
    for await (const text of jsonOf(member)) {
      yield before + text
      before = ''
      separator = ','
    }
  }
  yield separator === '{' ? '{}' : '}'
}

function* membersOf(parts: Parts): Generator<string, void, undefined> {
  let separator = '{'
  for (const part of parts) {
    const members = Object.entries(part)
    for (let from = 0; from < members.length; from += MEMBERS_AT_ONCE) {
      const some = Object.fromEntries(members.slice(from, from + MEMBERS_AT_ONCE))
      yield separator + JSON.stringify(some).slice(1, -1)
      separator = ','
    }
  }
  if (separator === ',') yield '}'
}

function* elementsOf(array: readonly unknown[]): Generator<string, void, undefined> {
  for (let from = 0; from < array.length; from += MEMBERS_AT_ONCE) {
    yield (from === 0 ? '[' : ',') + JSON.stringify(array.slice(from, from + MEMBERS_AT_ONCE)).slice(1, -1)
  }
  yield ']'
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isSlices = (value: object): value is Slices => Symbol.asyncIterator in value
const isParts = (value: object): value is Parts => Symbol.iterator in value && !Array.isArray(value)

/** Whether it is not written at once, by `JSON.stringify` alone. */
function isLong(value: unknown): value is object {
  if (!isObject(value)) return false
  if (Array.isArray(value)) return value.length > MEMBERS_AT_ONCE
  if (isSlices(value) || isParts(value)) return true
  const members = Object.values(value)
  return members.length > MEMBERS_AT_ONCE || members.some(isLong)
}

async function* startingWith(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first
  yield* rest
}
