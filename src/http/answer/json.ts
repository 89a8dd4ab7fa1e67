import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Downloads, SHORT_CHARACTERS } from './downloads.js'
import { sendStream } from './stream.js'

/** A list in JSON that is read slice by slice. */
export type Slices = AsyncIterable<readonly unknown[]>

const PIECE_CHARACTERS = 32 * 1024

/**
 * Answers an object in JSON: of values, of lists that are read slice by slice, and of objects that have such lists. What is
 * short is sent whole, with a `Content-Length`. What is long is written as fast as the client reads, and counts as a
 * download; what goes wrong before that is answered as an error.
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
  let text = ''
  for (;;) {
    const { done, value } = await pieces.next()
    if (done) return reply.type(JSON_TYPE).send(text)
    text += value
    if (text.length > SHORT_CHARACTERS) break
  }
  // What was changed is not refused its answer: its route has asked before.
  if (request.method === 'GET') downloads.admit(request.caller)
  downloads.count(request.caller, reply)
  if (request.method === 'HEAD') await pieces.return()
  return await sendStream(reply, { type: JSON_TYPE }, () => startingWith(text, pieces))
}

const JSON_TYPE = 'application/json; charset=utf-8'

async function* jsonOf(value: unknown): AsyncGenerator<string, void, undefined> {
  if (isSlices(value)) yield* listOf(value)
  else if (isSlicedObject(value)) {
    let separator = '{'
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue
      yield `${separator}${JSON.stringify(name)}:`
      yield* jsonOf(member)
      separator = ','
    }
    yield separator === '{' ? '{}' : '}'
  } else yield JSON.stringify(value)
}

async function* listOf(slices: Slices): AsyncGenerator<string, void, undefined> {
  let separator = '['
  for await (const slice of slices) {
    for (const item of slice) {
      yield separator + JSON.stringify(item)
      separator = ','
    }
  }
  yield separator === '[' ? '[]' : ']'
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isSlices = (value: unknown): value is Slices => isObject(value) && Symbol.asyncIterator in value

/** Whether there is a list in it that has to be read; what has none is written by `JSON.stringify` alone. */
const isSlicedObject = (value: unknown): value is object =>
  isObject(value) &&
  !Array.isArray(value) &&
  Object.values(value).some((member) => isSlices(member) || isSlicedObject(member))

/** Puts short texts together, so that each write is worth its while. */
async function* inPieces(texts: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let piece = ''
  for await (const text of texts) {
    piece += text
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  yield piece
}

async function* startingWith(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first
  yield* rest
}
