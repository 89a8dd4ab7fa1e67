import type { FastifyInstance } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import type { JsonObject } from '../../json/parse.js'
import { compile } from '../../schema/compile.js'
import { compileParameters } from '../../schema/parameters.js'
import type { Problem } from '../../schema/problem.js'
import type { Predicate } from '../../schema/sentences.js'
import { readData } from '../body/json.js'
import { validationError } from '../errors.js'

/**
 * Makes every route's schema validate what it documents, with the compiler of the records and its sentences
 * (contract 3). The body of a request about one resource is validated by its route, which looks the resource
 * up first: what the caller cannot see is 404, whatever the body.
 */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler<TSchema>(({ schema, httpPart, url = '' }) => {
    if (httpPart === 'body') return url.includes('/:') ? () => true : bodyValidator(schema)
    const read = compileParameters(schema as TObject)
    return (given) => {
      const { values, problems } = read(given)
      return refusal('', problems) ?? { value: values }
    }
  })
}

function bodyValidator(schema: TSchema) {
  const problemsOf = compile(schema)
  // An absent body is passed as null.
  return (body: unknown) => refusal('', problemsOf(body ?? undefined)) ?? true
}

const refusal = (path: string, problems: readonly Problem[]) =>
  problems.length > 0 ? { error: validationError(path, problems) } : undefined

/** The `validatorCompiler` of a route whose body `{"data": …}` has rules that JSON Schema cannot express. */
export const dataCheckedBy =
  (problemsOf: (data: Readonly<JsonObject>) => readonly Problem[]) => () => (body: unknown) => {
    try {
      return refusal('data', problemsOf(readData(body))) ?? true
    } catch (error) {
      return { error: error as Error }
    }
  }

/**
 * Makes the reader of a body `{"data": …}` about one resource: it validates by the route's schema, and is
 * called once the resource is found. It throws HttpError 400.
 *
 * @param words what a value is not, where they are others than for records.
 */
export function dataReader<Data extends TSchema>(
  { properties }: TObject<{ data: Data }>,
  words?: Predicate,
): (body: unknown) => Static<Data> {
  const problemsOf = compile(properties.data, words)
  return (body) => {
    const data = readData(body)
    const problems = problemsOf(data)
    if (problems.length > 0) throw validationError('data', problems)
    return data as Static<Data>
  }
}

/**
 * The `validatorCompiler` of a route whose handler reads the request, since its parts depend on one another.
 */
export const readByHandler = () => () => true
