import { isUtf8 } from 'node:buffer'
import type { FastifyContentTypeParser, FastifyInstance } from 'fastify'
import { isObject, type JsonObject, parseJson, whyNotJson } from '../../json/parse.js'
import { withoutDepths } from '../../json/walk.js'
import type { Problem } from '../../schema/problem.js'
import { isRequired } from '../../schema/sentences.js'
import { excerpt } from '../../text/text.js'
import { badRequest, unsupportedMediaType, validationError } from '../errors.js'

/**
 * Reads JSON bodies the way import lines are read: only UTF-8, and keys such as `__proto__` are keys like any
 * other. An empty body is no body, whatever its type.
 */
export function jsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parse(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
  app.addContentTypeParser('*', onlyEmpty('The body of a request must be application/json.'))
}

/**
 * Refuses a body of an unsupported type, unless it is empty: clients without a body still send a type.
 *
 * @param detail of the 415.
 */
export const onlyEmpty =
  (detail: string): FastifyContentTypeParser =>
  (request, payload, done) => {
    const refused = unsupportedMediaType(detail)
    if (request.is404) return done(null)
    if (Number(request.headers['content-length'] ?? 0) > 0) return done(refused)
    let isDone = false
    const end = (error: Error | null) => {
      if (!isDone) done(error)
      isDone = true
    }
    return payload
      .once('data', () => end(refused))
      .once('end', () => end(null))
      .once('error', end)
  }

const WALKED_BYTES = 2 ** 14

function parse(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw badRequest('The body is not valid UTF-8.')
  // A short one is parsed within a millisecond, whatever it contains, and the parser gives the best
  // explanation.
  const json = (body.length > WALKED_BYTES ? withoutDepths(body) : body)?.toString('utf8')
  if (json === undefined) throw badRequest('The body is not valid JSON.')
  try {
    return parseJson(json)
  } catch (error) {
    throw badRequest(`The body is not valid JSON: ${excerpt(whyNotJson(error as SyntaxError, json))}.`)
  }
}

/** Reads `{"data": {…}}`. @throws HttpError 400 */
export function readData(body: unknown): Readonly<JsonObject> {
  const wrongType = (field: string, error: string) =>
    validationError('', [{ code: 'wrong_type', field, error }])
  if (!isObject(body)) throw wrongType('', 'the body must be an object with "data"')
  const { data } = body
  if (data === undefined) throw validationError('', [isRequired('data')])
  if (!isObject(data)) throw wrongType('data', 'data must be an object')
  return data
}

/** What is wrong with `data.type`, and with `data.id` if the path has an id (contract 9). */
export function identityProblems(data: Readonly<JsonObject>, type: string, id?: string): Problem[] {
  const problems: Problem[] = []
  if (data.type === undefined) problems.push(isRequired('type'))
  else if (data.type !== type) {
    problems.push({ code: 'not_one_of', field: 'type', error: `type must be ${type}` })
  }
  const isGiven = id !== undefined && data.id !== undefined
  if (isGiven && (typeof data.id !== 'string' || data.id.toLowerCase() !== id)) {
    problems.push({ code: 'not_one_of', field: 'id', error: `id must be that of the path, ${id}` })
  }
  return problems
}
