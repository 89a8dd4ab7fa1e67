import { expect } from 'vitest'
import type { Answer } from './api.js'

interface Entry {
  readonly title: string
  readonly detail?: string | RegExp
  readonly meta?: Readonly<Record<string, unknown>>
}

/**
 * Checks that a response has the form of errors (contract 3): exactly these entries, nothing else in the
 * body. What is wrong with a field also has a code, which an entry need not name.
 */
export function expectErrors(answer: Answer, status: number, entries: readonly Entry[]): void {
  const metaOf = ({ title, meta }: Entry) =>
    title === 'Validation Error' ? { code: expect.stringMatching(/^[a-z_]+$/), ...meta } : meta
  expect(answer.headers.get('content-type')).toMatch(/^application\/json\b/)
  expect(answer.body).toEqual({
    errors: entries.map((entry) => ({
      status: String(status),
      title: entry.title,
      ...(entry.detail !== undefined && {
        detail: entry.detail instanceof RegExp ? expect.stringMatching(entry.detail) : entry.detail,
      }),
      ...(metaOf(entry) && { meta: metaOf(entry) }),
    })),
  })
  expect(answer.status).toBe(status)
}

export function expectError(answer: Answer, status: number, title: string, detail?: string | RegExp): void {
  expectErrors(answer, status, [{ title, ...(detail !== undefined && { detail }) }])
}

export const expectUnparsableFilter = (answer: Answer): void =>
  expectError(answer, 400, 'Bad Request', /^Could not parse the supplied filter/)
