import { expect, test } from 'vitest'
import { checkFile } from '../../src/imports/check/check.js'
import { recordTypes } from '../../src/records/index.js'
import { exampleFile } from '../../src/worker/example-file.js'

test('The file that a worker warms itself up with has valid records of every type', async () => {
  const file = exampleFile(3)
  const reader = {
    read: async (buffer: Buffer, at: number) => file.copy(buffer, 0, at),
    close: async () => {},
  }
  const options = { onConflict: 'reject', strict: true } as const
  const size = { fileBytes: file.length, maxLineBytes: file.length }
  const { errors, unresolved, valid } = await checkFile(size, reader, options, () => {})
  expect({ errors, unresolved, valid }).toEqual({
    errors: 0,
    unresolved: 0,
    valid: Object.fromEntries(recordTypes.map(({ type }) => [type, 3])),
  })
})
