import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { ImportResource } from '../../src/imports/resource/schema.js'
import type { RecordLine } from './builders.js'
import { conformanceOf } from './conformance.js'
import { formType } from './multipart.js'

/** A response, read whole. `body` is parsed JSON if the response is JSON, else the text. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what shape it expects
  readonly body: any
}

export type { ImportResource }

/** A record or snapshot as it is sent. */
export interface RecordResource {
  readonly id: string
  readonly type: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly meta: {
    readonly owner: string
    readonly timestamps: { readonly created_at: string; readonly updated_at: string }
    readonly external_product_refs?: readonly string[]
    readonly price?: unknown
  }
  readonly relationships?: Readonly<
    Record<string, { readonly data: readonly { readonly id: string; readonly type: string }[] }>
  >
}

/** The list that records of a type are in: `/subscriptions/products`. */
export const listOf = (type: string): string => `/subscriptions/${type.replace('subscription_', '')}s`

/** One line of an import's report, reduced to what it says. */
export interface ReportedError {
  readonly line: number
  readonly field: string
  readonly error: string
  readonly externalRef: string | undefined
}

interface UploadOptions {
  readonly externalRef?: string
  readonly fileName?: string
  readonly dryRun?: boolean
  readonly onConflict?: 'reject' | 'skip' | 'update' | 'patch'
  readonly maxErrors?: number
  readonly fixes?: string
}

/** The HTTP API as one caller sees it. */
export class Api {
  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  /** The same caller, at the address of the service after a restart. */
  at(url: string): Api {
    return new Api(url, this.key)
  }

  /** Sends a request, and checks the response against the service's own OpenAPI document. */
  async request(path: string, init: RequestInit = {}): Promise<Answer> {
    const conformance = await conformanceOf(this.url)
    const url = new URL(path, this.url)
    const response = await fetch(url, {
      ...init,
      headers: { authorization: `Bearer ${this.key}`, ...init.headers },
    })
    const text = await response.text()
    const isJson = /^application\/json(;|$)/.test(response.headers.get('content-type') ?? '')
    const answer = {
      status: response.status,
      headers: response.headers,
      body: isJson && init.method !== 'HEAD' ? JSON.parse(text) : text,
    }
    conformance.check(init.method ?? 'GET', url, answer)
    return answer
  }

  get(path: string): Promise<Answer> {
    return this.request(path)
  }

  /** Posts a form to the imports, byte by byte as given. `chunked`: without a Content-Length. */
  postForm(
    body: Buffer,
    { type = formType, chunked = false, path = '/subscriptions/imports' } = {},
  ): Promise<Answer> {
    return this.request(path, {
      method: 'POST',
      headers: { 'content-type': type },
      ...(chunked ? { body: new Blob([body]).stream(), duplex: 'half' } : { body }),
    })
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.#send('PUT', path, body)
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#send('POST', path, body)
  }

  delete(path: string): Promise<Answer> {
    return this.request(path, { method: 'DELETE' })
  }

  /** A text is sent as it is, anything else as JSON. */
  #send(method: string, path: string, body: unknown): Promise<Answer> {
    return this.request(path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  }

  /** Posts a valid record and returns it; an offering with references is built. */
  async add({ data }: RecordLine): Promise<RecordResource> {
    const isBuilt = data.type === 'subscription_offering' && data.attributes.products !== undefined
    const { status, body } = isBuilt
      ? await this.post(`${listOf(data.type)}/build`, { data: data.attributes })
      : await this.post(listOf(data.type), { data })
    expect(body.errors).toBeUndefined()
    expect(status).toBe(201)
    return body.data
  }

  /** The 200 response of a path: a record, or a page of records. */
  async read<Data = RecordResource>(path: string): Promise<Data> {
    const { status, body } = await this.get(path)
    expect(body.errors).toBeUndefined()
    expect(status).toBe(200)
    return body.data
  }

  /** Posts a file as a browser would. */
  upload(
    content: string | Uint8Array,
    { externalRef, fileName = 'import.jsonl', dryRun, onConflict, maxErrors, fixes }: UploadOptions = {},
  ): Promise<Answer> {
    const form = new FormData()
    if (dryRun !== undefined) form.set('dry_run', String(dryRun))
    if (onConflict !== undefined) form.set('on_conflict', onConflict)
    if (externalRef !== undefined) form.set('external_ref', externalRef)
    if (maxErrors !== undefined) form.set('max_errors', String(maxErrors))
    if (fixes !== undefined) form.set('fixes', fixes)
    form.set('import_file', new Blob([Buffer.from(content)]), fileName)
    return this.request('/subscriptions/imports', { method: 'POST', body: form })
  }

  /** Posts a valid file and returns its import, pending. */
  async create(content: string | Uint8Array, options: UploadOptions = {}): Promise<ImportResource> {
    const { status, body } = await this.upload(content, options)
    expect(body.errors).toBeUndefined()
    expect(status).toBe(201)
    return body.data
  }

  async find(id: string): Promise<ImportResource> {
    const { status, body } = await this.get(`/subscriptions/imports/${id}`)
    expect(status).toBe(200)
    return body.data
  }

  /** Waits until a job is in one of these statuses. */
  async waitFor(id: string, ...statuses: string[]): Promise<ImportResource> {
    for (;;) {
      const found = await this.find(id)
      if (statuses.includes(found.attributes.status)) return found
      if (['success', 'failed'].includes(found.attributes.status)) {
        throw new Error(`the import is ${found.attributes.status}: ${JSON.stringify(found.meta)}`)
      }
      await sleep(20)
    }
  }

  /** The pages of a list, starting at a path and following `next`. */
  async pages(path: string): Promise<Answer['body'][]> {
    const pages: Answer['body'][] = []
    for (let next: string | null = path; next !== null; next = pages.at(-1).links.next) {
      const { status, body } = await this.get(next)
      expect(status).toBe(200)
      pages.push(body)
    }
    return pages
  }

  finished(id: string): Promise<ImportResource> {
    return this.waitFor(id, 'success', 'failed')
  }

  /** Imports a file to its end. */
  async import(content: string | Uint8Array, options: UploadOptions = {}): Promise<ImportResource> {
    return this.finished((await this.create(content, options)).id)
  }

  /** The whole report of an import. */
  async errors(id: string): Promise<ReportedError[]> {
    const { status, body } = await this.request(`/subscriptions/imports/${id}/errors`, {
      headers: { accept: 'application/jsonl' },
    })
    expect(status).toBe(200)
    return String(body)
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const { line_number, field, error, external_ref } = JSON.parse(line).meta
        return { line: line_number, field, error, externalRef: external_ref }
      })
  }

  /** The JSON Lines of a path, parsed. */
  async lines<Line = Record<string, unknown>>(path: string): Promise<Line[]> {
    const { status, body, headers } = await this.get(path)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/jsonl; charset=utf-8')
    return String(body)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }

  /** Imports lines and returns the report: `[line, field, error]`. */
  async complaints(content: string | Uint8Array): Promise<[number, string, string][]> {
    const { id } = await this.import(content)
    return (await this.errors(id)).map(({ line, field, error }) => [line, field, error])
  }
}
