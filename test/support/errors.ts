import { expect } from 'vitest'
import type { Answer } from './api.js'

interface Entry {
  readonly title: string
  readonly detail?: string | RegExp
  readonly meta?: Readonly<Record<string, unknown>>
}

/**
 * Checks that a response has the form of errors (contract 3): exactly these entries, nothing else in the
 * body.
 */
export function expectErrors(answer: Answer, status: number, entries: readonly Entry[]): void {
  expect(answer.headers.get('content-type')).toMatch(/^application\/json\b/)
  expect(answer.body).toEqual({
    errors: entries.map(({ title, detail, meta }) => ({
      status: String(status),
      title,
      ...(detail !== undefined && {
        detail: detail instanceof RegExp ? expect.stringMatching(detail) : detail,
      }),
      ...(meta && { meta }),
    })),
  })
  expect(answer.status).toBe(status)
}

export function expectError(answer: Answer, status: number, title: string, detail?: string | RegExp): void {
  expectErrors(answer, status, [{ title, ...(detail !== undefined && { detail }) }])
}

export const expectUnparsableFilter = (answer: Answer): void =>
  expectError(answer, 400, 'Bad Request', /^Could not parse the supplied filter/)
