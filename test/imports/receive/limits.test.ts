import { describe, expect, test } from 'vitest'
import { anOffering, aPlan, aProduct, counts, file, times } from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { externalRef, importFile, multipart, partHead } from '../../support/multipart.js'
import { testService } from '../../support/service.js'
import { answerOn, asChunk, openUpload } from '../../support/sockets.js'

const MAX_UPLOAD_BYTES = 16 * 1024
const MAX_LINE_BYTES = 1000
const MAX_RECORDS = 5

const service = testService({
  MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES),
  MAX_LINE_BYTES: String(MAX_LINE_BYTES),
  MAX_RECORDS: String(MAX_RECORDS),
})

/** A file of one record and blanks, as long as asked for. */
const fileOf = (bytes: number): string => file(aProduct()).padEnd(bytes, '\n')

const refused = async (body: Buffer, chunked: boolean) => {
  const before = await service.uploads()
  const answer = await service.api.postForm(body, { chunked })
  expect(await service.uploads()).toEqual(before)
  expect((await service.api.get('/subscriptions/imports?filter=eq(external_ref,refused)')).body.data).toEqual(
    [],
  )
  return answer
}

describe.each([
  ['with a Content-Length', false],
  ['with a chunked body', true],
])('MAX_UPLOAD_BYTES, %s', (_, chunked) => {
  test('a file of exactly that size is accepted, whatever else the form has', async () => {
    const form = multipart([
      externalRef(`${chunked}${'😀'.repeat(2000)}`),
      importFile(fileOf(MAX_UPLOAD_BYTES)),
    ])
    const { status, body } = await service.api.postForm(form, { chunked })
    expect(status).toBe(201)
    expect(body.data.meta.file.bytes).toBe(MAX_UPLOAD_BYTES)
  })

  test.each([
    ['one byte more', MAX_UPLOAD_BYTES + 1],
    ['much more', 20 * 2 ** 20],
  ])('%s is 413, the field before or after the file, and leaves nothing', async (_, bytes) => {
    const parts = [externalRef('refused'), importFile(fileOf(bytes))]
    for (const order of [parts, parts.toReversed()]) {
      expectError(await refused(multipart(order), chunked), 413, 'Content Too Large', /\b16384 bytes/)
    }
  })

  test('an endless field is refused without being kept', async () => {
    const form = multipart([externalRef('x'.repeat(4 * 2 ** 20)), importFile(fileOf(100))])
    const { status } = await refused(form, chunked)
    expect([400, 413]).toContain(status)
  })
})

describe('MAX_RECORDS', () => {
  test('that many records are accepted, not counting blank and malformed lines', async () => {
    const { meta } = await service.api.import(
      file(aProduct(), '{', aPlan(), '', aProduct(), aProduct(), aPlan()),
    )
    expect(meta.records.imported).toEqual(counts(3, 2))
  })

  test('one more is 400 and leaves nothing', async () => {
    const parts = [externalRef('refused'), importFile(times(MAX_RECORDS + 1, () => aProduct()))]
    expectError(await refused(multipart(parts), false), 400, 'Bad Request', /more than 5 records/)
  })
})

describe('MAX_LINE_BYTES', () => {
  /** A record on a line of so many bytes, without its end. */
  const lineOf = (bytes: number): string => {
    const empty = JSON.stringify(aProduct({ ignored: '' }))
    return JSON.stringify(aProduct({ ignored: 'x'.repeat(bytes - empty.length) }))
  }

  test('a line of exactly that size is read', async () => {
    expect(await service.api.complaints(file(lineOf(MAX_LINE_BYTES), aProduct()))).toEqual([])
  })

  test.each([
    ['by one byte', lineOf(MAX_LINE_BYTES + 1)],
    ['by far', 'x'.repeat(10_000)],
    ['and holds what would be a record', `${JSON.stringify(aProduct())}${' '.repeat(1000)}`],
    ['and is blank', ' '.repeat(1001)],
  ])('a line that is over it %s is one error on that line, and the others import', async (_, long) => {
    const { id, meta, attributes } = await service.api.import(file(aProduct(), long, aPlan(), anOffering()))
    expect(attributes.status).toBe('success')
    expect(meta.records).toEqual({ uploaded: counts(1, 1, 0, 1), imported: counts(1, 1, 0, 1) })
    expect(meta.file.lines).toBe(4)
    expect(meta.errors).toBe(1)
    expect(await service.api.errors(id)).toEqual([
      { line: 2, field: '', error: expect.stringContaining('1000 bytes'), externalRef: undefined },
    ])
  })

  test('a last line over it, without its newline', async () => {
    const found = await service.api.complaints(`${file(aProduct())}${'x'.repeat(2000)}`)
    expect(found).toEqual([[2, '', expect.stringContaining('1000 bytes')]])
  })

  test('a file whose every line is over it is 400', async () => {
    const form = multipart([externalRef('refused'), importFile(lineOf(2000))])
    expectError(await refused(form, false), 400, 'Bad Request', /line 1\b.*1000 bytes/)
  })
})

test.each([
  ['the file', partHead(importFile(''))],
  ['an option', partHead(externalRef(''))],
  ['an unknown part', partHead({ ...externalRef(''), name: 'unknown' })],
])('A form without end, in %s, is 413 once it is over the limit', async (_, head) => {
  const before = await service.uploads()
  const socket = openUpload(service.api, '', 'transfer-encoding: chunked\r\nconnection: close')
  const answer = answerOn(socket)
  socket.write(asChunk(Buffer.from(head)))
  const line = asChunk(Buffer.from(fileOf(MAX_UPLOAD_BYTES)))
  const writing = setInterval(() => socket.write(line), 1)
  expect((await answer.finally(() => clearInterval(writing))).status).toBe(413)
  expect(await service.uploads()).toEqual(before)
})
