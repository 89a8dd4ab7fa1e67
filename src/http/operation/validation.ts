import type { FastifyInstance } from 'fastify'
import type { TObject, TSchema } from 'typebox'
import type { JsonObject } from '../../json/parse.js'
import { compile } from '../../schema/compile.js'
import { compileParameters } from '../../schema/parameters.js'
import type { Problem } from '../../schema/problem.js'
import { readData } from '../body/json.js'
import { validationError } from '../errors.js'

/** Makes every route's schema validate what it documents, with the compiler of the records and its sentences (contract 3). The body of a request about one resource is validated by its route, which looks the resource up first: what the caller cannot see is 404, whatever the body.
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
 * The `validatorCompiler` of a route whose handler reads the request, since its parts depend on one another.
 */
export const readByHandler = () => () => true
