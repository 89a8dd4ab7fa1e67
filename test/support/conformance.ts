import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

/** The part of an OpenAPI document that responses are checked against. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

interface OpenApiOperation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, OpenApiResponse>>
}

interface OpenApiResponse {
  readonly content?: Readonly<Record<string, unknown>>
}

/** A response. `body` is parsed JSON if the response is JSON, else the text. */
interface GivenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** The responses that any request may get: it could not be read, or the caller is unknown. */
const NO_REQUEST = [400, 408, 431]

/** The responses if there is no operation. */
const NO_OPERATION = [...NO_REQUEST, 401, 404, 405]

/**
 * The schema of a line of a route's JSON Lines, by the end of its path; other routes return lines as they
 * were uploaded.
 */
const LINES: Readonly<Record<string, string>> = {
  errors: 'ImportError',
  results: 'ImportResult',
  changes: 'ImportChange',
}

/**
 * Checks responses against a document: their path, method, status, media type, and every field of their
 * bodies.
 */
export class Conformance {
  readonly #ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true })
  readonly #document: OpenApiDocument
  readonly #validators = new Map<string, ValidateFunction>()

  constructor(document: OpenApiDocument) {
    // The package's types are CommonJS's; at run time the default export is the function itself.
    ;(addFormats as unknown as typeof addFormats.default)(this.#ajv)
    this.#ajv.addFormat('idn-email', (value: string) => value.includes('@'))
    this.#ajv.addFormat('text', (value: string) => !value.includes('\0') && value.isWellFormed())
    this.#document = document
    this.#ajv.addSchema(closed(document) as object, 'document')
  }

  /** @throws Error that says what in the response is not in the document. */
  check(method: string, url: URL, answer: GivenAnswer): void {
    const { status, headers, body } = answer
    const fail = (why: string): never => {
      throw new Error(`${method} ${url.pathname} → ${status}: ${why}\n${JSON.stringify(body).slice(0, 2000)}`)
    }
    const path = this.#pathOf(url.pathname)
    const verb = (method === 'HEAD' ? 'GET' : method).toLowerCase()
    const documented = path === undefined ? undefined : this.#document.paths[path]?.[verb]
    const response = documented?.responses[status]
    if (path === undefined || !response) {
      const allowed = documented ? NO_REQUEST : NO_OPERATION
      if (!allowed.includes(status)) fail('the document does not have this status')
      if (method !== 'HEAD') this.#validate(['components', 'schemas', 'Errors'], body, fail)
      return
    }
    if (method === 'HEAD') return
    const mediaType = headers.get('content-type')?.split(';')[0] ?? ''
    if (!response.content) {
      if (body !== '') fail('the document has no body here')
      return
    }
    if (!response.content[mediaType]) fail(`the document does not have the media type "${mediaType}"`)
    if (mediaType === 'application/jsonl') {
      const schema = LINES[path.split('/').at(-1) ?? '']
      if (schema === undefined) return
      for (const line of String(body).split('\n').filter(Boolean)) {
        this.#validate(['components', 'schemas', schema], JSON.parse(line), fail)
      }
      return
    }
    this.#validate(
      ['paths', path, verb, 'responses', String(status), 'content', mediaType, 'schema'],
      body,
      fail,
    )
  }

  /** The documented path that matches a request's path with the fewest parameters. */
  #pathOf(pathname: string): string | undefined {
    const given = pathname
      .replace(/^\/subscriptions\//, '/v2/subscriptions/')
      .replace(/\/$/, '')
      .split('/')
    return Object.keys(this.#document.paths)
      .filter((path) => {
        const steps = path.split('/')
        return (
          steps.length === given.length &&
          steps.every((step, index) => step.startsWith('{') || step === given[index])
        )
      })
      .sort((a, b) => a.split('{').length - b.split('{').length)[0]
  }

  #validate(steps: readonly string[], value: unknown, fail: (why: string) => never): void {
    const pointer = steps
      .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/')
    let validate = this.#validators.get(pointer)
    if (!validate) {
      validate = this.#ajv.compile({ $ref: `document#/${pointer}` })
      this.#validators.set(pointer, validate)
    }
    if (!validate(value)) fail(this.#ajv.errorsText(validate.errors, { dataVar: 'body' }))
  }
}

/** The document with every object closed, so that a field that it does not have is found. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]))
  const isOpenObject = copy.type === 'object' && 'properties' in copy && !('additionalProperties' in copy)
  return isOpenObject ? { ...copy, additionalProperties: false } : copy
}

let conformance: Promise<Conformance> | undefined

/** Uses the document of the running service itself, read once per test file. */
export function conformanceOf(serviceUrl: string): Promise<Conformance> {
  conformance ??= fetch(new URL('/openapi.json', serviceUrl)).then(
    async (response) => new Conformance((await response.json()) as OpenApiDocument),
  )
  return conformance
}
