import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { anOffering, aPlan, aProduct, aSubscriber, counts, file, times } from '../../support/builders.js'
import { expectError, expectErrors } from '../../support/errors.js'
import {
  BOUNDARY,
  externalRef,
  formEnd,
  formType,
  importFile,
  multipart,
  type Part,
  partHead,
} from '../../support/multipart.js'
import { newStoreEach, testService } from '../../support/service.js'
import { openUpload } from '../../support/sockets.js'

const service = testService()

const importRows = async (): Promise<number> =>
  (await service.pool.query('select count(*)::int as count from imports')).rows[0].count

/** What there is on disk and in the database. */
const state = async () => ({ files: (await service.uploads()).sort(), imports: await importRows() })

const line = file(aProduct())

describe('POST /subscriptions/imports takes import_file and external_ref, in either order', () => {
  const ref = externalRef('ref')
  const theFile = importFile(line)
  test.each<[string, Part[], string | undefined]>([
    ['the file alone', [theFile], undefined],
    ['the field before the file', [ref, theFile], 'ref'],
    ['the field after the file', [theFile, ref], 'ref'],
    ['an empty field, as a browser sends it', [externalRef(''), theFile], undefined],
    ['a file part without a file name', [{ name: 'import_file', content: line }], undefined],
  ])('%s: 201', async (_, parts, expected) => {
    const store = await service.addStore()
    for (const chunked of [false, true]) {
      const owner = chunked ? await service.addStore() : store
      const { status, body, headers } = await owner.postForm(multipart(parts), { chunked })
      expect(status).toBe(201)
      expect(headers.get('content-type')).toMatch(/^application\/json\b/)
      expect(body.data.attributes).toEqual({ status: 'pending', ...(expected && { external_ref: expected }) })
      expect((await owner.finished(body.data.id)).attributes.external_ref).toBe(expected)
    }
  })

  test.each(['/subscriptions/imports', '/v2/subscriptions/imports', '/subscriptions/imports/'])(
    'POST %s names the new import in Location',
    async (path) => {
      const { headers, body } = await service.api.postForm(multipart([importFile(line)]), { path })
      expect(headers.get('location')).toBe(`${path.replace(/\/$/, '')}/${body.data.id}`)
      const found = await service.api.get(headers.get('location') ?? '')
      expect(found.status).toBe(200)
      expect(found.body.data.id).toBe(body.data.id)
    },
  )

  test('answers the pending import, its uploaded counts complete, the file described', async () => {
    const content = file(
      '',
      aProduct(),
      aProduct(),
      '{',
      aPlan(),
      '  ',
      aSubscriber(),
      anOffering(),
      '{"data":{}}',
    )
    const { body } = await service.api.upload(content)
    expect(body).toEqual({
      data: {
        id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        type: 'subscription_import',
        attributes: { status: 'pending' },
        meta: {
          owner: 'store',
          created_by: expect.stringMatching(/^data directory /),
          timestamps: { created_at: expect.any(String), updated_at: expect.any(String) },
          records: { uploaded: counts(2, 1, 1, 1), imported: counts() },
          progress: 0,
          errors: 0,
          warnings: 0,
          file: {
            name: 'import.jsonl',
            bytes: Buffer.byteLength(content),
            lines: 9,
            sha256: createHash('sha256').update(content).digest('hex'),
          },
        },
      },
    })
  })

  test.each([
    '',
    '../../../../etc/passwd',
    '/etc/passwd',
    'C:\\Users\\me\\import.jsonl',
    'naïve ☕ 進口.jsonl',
    'two words; and "quotes".jsonl',
    '.jsonl',
    'null',
    `${'x'.repeat(3000)}.jsonl`,
  ])('a file name is of no interest: %j', async (fileName) => {
    const before = await service.uploads()
    const { id } = await service.api.create(line, { fileName })
    const added = (await service.uploads()).filter((path) => !before.includes(path))
    expect(added).toEqual([expect.stringMatching(new RegExp(`/uploads/${id}\\.jsonl$`))])
  })
})

describe('external_ref has at most 2048 characters, counted as code points', () => {
  test.each([
    ['2048 letters', 'a'.repeat(2048)],
    ['2048 emoji', '😀'.repeat(2048)],
    ['2048 letters of two bytes', 'é'.repeat(2048)],
    ['odd characters', ' \t"\'\\%_*\r\n☕😀\u{1}\u{feff} '],
  ])('%s are taken and returned exactly', async (_, ref) => {
    const store = await service.addStore()
    for (const parts of [
      [externalRef(ref), importFile(line)],
      [importFile(line), externalRef(ref)],
    ]) {
      const answer = await store.postForm(multipart(parts))
      if (parts[0]?.name === 'external_ref') expect(answer.body.data.attributes.external_ref).toBe(ref)
      else expect(answer.status).toBe(409)
    }
  })

  test.each([
    ['2049 letters', 'a'.repeat(2049)],
    ['2049 emoji', '😀'.repeat(2049)],
    ['a megabyte', 'a'.repeat(2 ** 20)],
  ])('%s are 400 and leave nothing', async (_, ref) => {
    const before = await state()
    for (const parts of [
      [externalRef(ref), importFile(line)],
      [importFile(line), externalRef(ref)],
    ]) {
      const answer = await service.api.postForm(multipart(parts))
      expectError(
        answer,
        400,
        'Validation Error',
        'external_ref: external_ref must be at most 2048 characters',
      )
    }
    expect(await state()).toEqual(before)
  })
})

const utf32 = (text: string, bigEndian = false): Buffer => {
  const bytes = Buffer.from(Uint32Array.from([...text], (character) => character.codePointAt(0) ?? 0).buffer)
  return bigEndian ? bytes.swap32() : bytes
}

const utf16 = (text: string, bigEndian = false): Buffer => {
  const bytes = Buffer.from(text, 'utf16le')
  return bigEndian ? bytes.swap16() : bytes
}

describe('A refused upload leaves no file and no job', () => {
  const theFile = importFile(line)
  const validation = 'Validation Error'
  const bad = 'Bad Request'

  test.each<[string, Part[], string, RegExp[]]>([
    ['no part at all', [], validation, [/^import_file: "import_file" is required$/]],
    ['no import_file', [externalRef('a')], validation, [/^import_file: "import_file" is required$/]],
    ['two files', [theFile, theFile], validation, [/^import_file: /]],
    ['two files around a field', [theFile, externalRef('a'), theFile], validation, [/^import_file: /]],
    ['two external_refs', [externalRef('a'), theFile, externalRef('b')], validation, [/^external_ref: /]],
    ['an unknown field', [{ name: 'dataset', content: 'x' }, theFile], validation, [/^dataset: /]],
    [
      'an unknown field after the file',
      [theFile, { name: 'dataset', content: 'x' }],
      validation,
      [/^dataset: /],
    ],
    ['a file under another name', [importFile(line), { ...theFile, name: 'file' }], validation, [/^file: /]],
    [
      'several problems, an entry for each',
      [{ name: 'file', content: line, fileName: 'import.jsonl' }],
      validation,
      [/^import_file: "import_file" is required$/, /^file: /],
    ],
    [
      'a part with an empty name',
      [theFile, { name: '', content: 'a' }],
      validation,
      [/^a part of this form has no name/],
    ],
    [
      'an external_ref that is not UTF-8',
      [{ name: 'external_ref', content: Buffer.from('größe', 'latin1') }, theFile],
      validation,
      [/^external_ref: external_ref must be valid UTF-8$/],
    ],
    [
      'an external_ref that breaks off in a character',
      [theFile, { name: 'external_ref', content: Buffer.from('☕').subarray(0, 2) }],
      validation,
      [/^external_ref: external_ref must be valid UTF-8$/],
    ],
    ['an external_ref with U+0000', [externalRef('a\0b'), theFile], validation, [/^external_ref: /]],
    ['an empty file', [importFile('')], bad, [/empty/]],
    ['only blank lines', [importFile('\n \n\t\r\n\r\n')], bad, [/blank/]],
    ['only a byte-order mark', [importFile('\u{feff}')], bad, [/./]],
    ['a PDF', [importFile('%PDF-1.7\n%\u{e2}\u{e3}\n1 0 obj\n<<>>\nendobj\n')], bad, [/PDF/]],
    ['UTF-16 with its mark', [importFile(utf16(`\u{feff}${line}`))], bad, [/UTF-16/]],
    ['UTF-16, big-endian', [importFile(utf16(`\u{feff}${line}`, true))], bad, [/UTF-16/]],
    ['UTF-32 with its mark', [importFile(utf32(`\u{feff}${line}`))], bad, [/UTF-32/]],
    ['UTF-32, big-endian', [importFile(utf32(`\u{feff}${line}`, true))], bad, [/UTF-32/]],
    [
      'UTF-32 without a mark',
      [importFile(utf32(line))],
      bad,
      [/It looks like text in UTF-32 without a byte-o/],
    ],
    [
      'UTF-32 without a mark, big-endian',
      [importFile(utf32(line, true))],
      bad,
      [/It looks like text in UTF-32 without a byte-o/],
    ],
    [
      'UTF-16 without a mark',
      [importFile(utf16(line))],
      bad,
      [/It looks like text in UTF-16 without a byte-o/],
    ],
    [
      'UTF-16 without a mark, big-endian',
      [importFile(utf16(line, true))],
      bad,
      [/It looks like text in UTF-16/],
    ],
    ['zero bytes', [importFile(Buffer.alloc(10_000))], bad, [/nothing but zero bytes \(U\+0000\)/]],
    ['gzip within gzip', [importFile(gzipSync(gzipSync(line)))], bad, [/gzip/]],
    ['a ZIP archive', [importFile('PK\u{3}\u{4}…')], bad, [/ZIP/]],
    ['Latin-1', [importFile(Buffer.from('größe;münze\n', 'latin1'))], bad, [/line 1.*UTF-8/]],
    ['a CSV', [importFile('name,sku\nCoffee,c-1\nTea,t-1\n')], bad, [/It looks like CSV.*line 1\b.*JSON/]],
    ['a CSV after a blank line', [importFile('\nname,sku\nTea,t-1')], bad, [/CSV.*line 2\b.*JSON/]],
    ['a CSV of another country', [importFile('name;price\r\n"Tea; green";5,00\r\n')], bad, [/CSV/]],
    [
      'a CSV that says first by what it separates',
      [importFile('sep=;\nname;price\nTea;5,00\n')],
      bad,
      [/CSV/],
    ],
    [
      'records with a comma between them, the last of which alone is a line of JSON',
      [importFile(`${line.trim()},\n${line.trim()},\n${line}`)],
      bad,
      [/objects with a comma after each.*remove the comma/],
    ],
    [
      'records with a comma after each',
      [importFile(`${line.trim()},\n${line.trim()},\n`)],
      bad,
      [/objects with a comma after each/],
    ],
    ['a JSON text sequence', [importFile(`\u{1e}${line}\u{1e}${line}`)], bad, [/RFC 7464/]],
    ['a CSV with CR alone', [importFile('name,sku\rCoffee,c-1\r')], bad, [/CSV/]],
    ['a JSON array on one line', [importFile(`[${line.trim()}]`)], bad, [/JSON array\..*line 1\b.*object/]],
    [
      'a JSON array on one long line',
      [importFile(`[${`${line.trim()},`.repeat(20_000)}]`)],
      bad,
      [/looks like a JSON array\./],
    ],
    [
      'a JSON array with a record on each line',
      [importFile(`[\n${line.trim()},\n${line.trim()}\n]\n`)],
      bad,
      [/^The file looks like a JSON array\. .*jq -c '\.\[\]' FILE/],
    ],
    [
      'a JSON array that begins beside its bracket',
      [importFile(`[${line.trim()},\n${line.trim()}]`)],
      bad,
      [/array/],
    ],
    ['a JSON array with its commas in front', [importFile(`[\n${line}, ${line}]`)], bad, [/JSON array/]],
    ['a JSON array of one record', [importFile(`\u{feff}\n[\r\n${line.trim()}\r\n]`)], bad, [/JSON array/]],
    ['a JSON array that is cut', [importFile(`[\n${line.trim()},\n${line.trim()}`)], bad, [/JSON array/]],
    [
      'a JSON array, pretty-printed',
      [importFile(JSON.stringify([JSON.parse(line)], null, 2))],
      bad,
      [/JSON array/],
    ],
    [
      'pretty-printed JSON',
      [importFile(JSON.stringify(JSON.parse(line), null, 2))],
      bad,
      [/JSON spread over several lines\..*line 1\b/],
    ],
    [
      'lines that end with CR alone',
      [importFile(line.replace('\n', '\r').repeat(3))],
      bad,
      [/CR \(U\+000D\) alone/],
    ],
    ['an error page', [importFile('<!DOCTYPE html>\n<html>')], bad, [/HTML/]],
    ['a workbook', [importFile(Buffer.from('d0cf11e0a1b11ae1', 'hex'))], bad, [/\.xls/]],
    ['records of unknown types', [importFile('{"data":{"type":"order"}}\n')], bad, [/line 1\b.*"order"/]],
  ])('%s: 400', async (_, parts, title, details) => {
    const before = await state()
    for (const chunked of [false, true]) {
      const answer = await service.api.postForm(multipart(parts), { chunked })
      expectErrors(
        answer,
        400,
        details.map((detail) => ({ title, detail })),
      )
    }
    expect(await state()).toEqual(before)
  })

  const whole = multipart([theFile])
  test.each<[string, Buffer, string]>([
    ['that does not end', whole.subarray(0, -6), formType],
    ['that ends in the middle of the file', multipart([theFile], '').subarray(0, -20), formType],
    ['that ends in a part head', Buffer.from(partHead(theFile).slice(0, 50)), formType],
    ['with another boundary', whole, 'multipart/form-data; boundary=another'],
    ['with an empty boundary', whole, 'multipart/form-data; boundary='],
    ['without a boundary', whole, 'multipart/form-data'],
    ['that is garbage', Buffer.from('garbage'), formType],
    ['of random bytes', createHash('sha512').update('seed').digest(), formType],
    ['with thousands of parts', multipart(Array.from({ length: 10_000 }, () => externalRef('a'))), formType],
    ['with thousands of files', multipart(Array.from({ length: 10_000 }, () => theFile)), formType],
    [
      'with a part of another disposition',
      Buffer.from(whole.toString().replace('form-data; name', 'attachment; name')),
      formType,
    ],
    [
      'with a part of no disposition',
      multipart([theFile, externalRef('a')], `--${BOUNDARY}\r\n\r\n\r\n${formEnd}`),
      formType,
    ],
    [
      'with a part of another disposition beside the file',
      multipart(
        [theFile],
        `--${BOUNDARY}\r\ncontent-disposition: attachment; name="external_ref"\r\n\r\na\r\n${formEnd}`,
      ),
      formType,
    ],
    [
      'with a line break in the name of a part',
      multipart([theFile, { name: 'external\nref', content: 'a' }]),
      formType,
    ],
    [
      'with a megabyte before the name of a part',
      Buffer.from(whole.toString().replace('content-disp', `x: ${'y'.repeat(2 ** 20)}\r\ncontent-disp`)),
      formType,
    ],
    [
      'with an endless part head',
      Buffer.from(`${partHead(theFile).slice(0, -2)}x: ${'y'.repeat(2 ** 20)}`),
      formType,
    ],
  ])('a multipart body %s: 400', async (_, body, type) => {
    const before = await state()
    for (const chunked of [false, true]) {
      expectErrors(await service.api.postForm(body, { type, chunked }), 400, [
        { title: 'Bad Request', detail: /./ },
      ])
    }
    expect(await state()).toEqual(before)
  })

  test('a multipart body that is empty is none: 400', async () => {
    const before = await state()
    for (const chunked of [false, true]) {
      expectError(
        await service.api.postForm(Buffer.alloc(0), { chunked }),
        400,
        validation,
        'import_file: "import_file" is required; the request has no body',
      )
    }
    expect(await state()).toEqual(before)
  })

  test('a megabyte after the name of a part is skipped', async () => {
    const body = Buffer.from(whole.toString().replace('\r\n\r\n', `\r\nx: ${'y'.repeat(2 ** 20)}\r\n\r\n`))
    const { body: answer } = await service.api.postForm(body)
    expect(answer.data.meta.file).toMatchObject({ bytes: Buffer.byteLength(line), lines: 1 })
  })

  test('a part without a name: 400', async () => {
    const before = await state()
    const nameless = `--${BOUNDARY}\r\ncontent-disposition: form-data\r\n\r\na\r\n${formEnd}`
    const answer = await service.api.postForm(multipart([theFile], nameless))
    expectError(answer, 400, validation, /^a part of this form has no name/)
    expect(await state()).toEqual(before)
  })

  test.each([
    ['JSON', 'application/json', '{}'],
    ['JSON Lines as JSON', 'application/json', times(3, () => aProduct())],
    ['megabytes as JSON', 'application/json', times(30_000, () => aProduct())],
    ['plain text', 'text/plain', line],
    ['a form of another kind', 'application/x-www-form-urlencoded', 'external_ref=a'],
    ['another multipart', formType.replace('form-data', 'mixed'), line],
    ['an unreadable media type', 'multipart/form-datax', line],
  ])('a body that is %s: 415', async (_, type, body) => {
    const before = await state()
    const answer = await service.api.postForm(Buffer.from(body), { type })
    expectError(answer, 415, 'Unsupported Media Type', /./)
    expect(await state()).toEqual(before)
  })

  test('no body and no media type: 415', async () => {
    const answer = await service.api.request('/subscriptions/imports', { method: 'POST' })
    expectError(answer, 415, 'Unsupported Media Type', /./)
  })

  test('a store can continue after any of these', async () => {
    expect((await service.api.import(line)).attributes.status).toBe('success')
  })
})

describe('A client that goes away during an upload leaves no job and no file', () => {
  const half = partHead(importFile('')) + times(100, () => aProduct())
  const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
  const withLength = 'content-length: 1000000'
  const chunked = 'transfer-encoding: chunked'
  const fieldFirst = `${partHead({ name: 'external_ref' })}gone\r\n${half}`
  const fileWhole = `${half}\r\n${partHead({ name: 'external_ref' })}go`

  test.each<[string, string, string, (socket: Socket) => void]>([
    ['resets the connection', half, withLength, (socket) => socket.resetAndDestroy()],
    ['closes the connection', half, withLength, (socket) => socket.destroy()],
    ['ends its side', half, withLength, (socket) => socket.end()],
    ['goes without a Content-Length', chunk(half), chunked, (socket) => socket.destroy()],
    ['breaks the chunks', chunk(half), chunked, (socket) => socket.write('no chunk\r\n')],
    ['goes after the field', fieldFirst, withLength, (socket) => socket.destroy()],
    ['goes when the file was whole', fileWhole, withLength, (socket) => socket.destroy()],
    ['goes in the field after the file', chunk(fileWhole), chunked, (socket) => socket.resetAndDestroy()],
  ])('%s', async (_, body, framing, leave) => {
    const store = await service.addStore()
    const before = await state()
    const socket = openUpload(store, body, framing)
    await expect.poll(async () => (await service.uploads()).length).toBe(before.files.length + 1)
    leave(socket)
    await expect.poll(state).toEqual(before)
    socket.destroy()
    expect((await store.get('/subscriptions/imports')).body.meta.results.total).toBe(0)
    expect((await store.create(line, { externalRef: 'gone' })).attributes.status).toBe('pending')
  })
})

describe('An external_ref is unique among the imports of an owner that have not failed', () => {
  const store = newStoreEach(service)

  const forms = {
    before: (content: string) => multipart([externalRef('taken'), importFile(content)]),
    after: (content: string) => multipart([importFile(content), externalRef('taken')]),
  }

  test.each(['before', 'after'] as const)(
    'a second one is 409 with meta.id, the field %s the file',
    async (order) => {
      const { id } = await store.create(line, { externalRef: 'taken' })
      const before = await state()
      for (const waiting of [true, false]) {
        for (const chunked of [true, false]) {
          const answer = await store.postForm(forms[order](line), { chunked })
          expectErrors(answer, 409, [{ title: 'Write Conflict', detail: /external_ref/, meta: { id } }])
        }
        if (waiting) expect((await store.finished(id)).attributes.status).toBe('success')
      }
      expect(await state()).toEqual(before)
    },
  )

  test.each(['before', 'after'] as const)(
    'it is free again after a failed import, the field %s the file',
    async (order) => {
      const failed = await store.import(file(aProduct({ name: 'x' })), { externalRef: 'taken' })
      expect(failed.attributes.status).toBe('failed')
      const again = await store.postForm(forms[order](line))
      expect(again.status).toBe(201)
      expect((await store.postForm(forms[order](line))).body.errors[0].meta).toEqual({
        id: again.body.data.id,
      })
      expect(
        (await store.get('/subscriptions/imports?filter=eq(external_ref,taken)')).body.data,
      ).toHaveLength(2)
    },
  )

  test('of many at once exactly one is 201; the others are 409 and name it', async () => {
    const before = await state()
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => store.postForm(forms[index % 2 ? 'before' : 'after'](line))),
    )
    const created = answers.filter(({ status }) => status === 201)
    expect(created).toHaveLength(1)
    const id = created[0]?.body.data.id
    for (const answer of answers.filter((one) => one !== created[0])) {
      expectErrors(answer, 409, [{ title: 'Write Conflict', detail: /external_ref/, meta: { id } }])
    }
    const after = await state()
    expect(after.imports).toBe(before.imports + 1)
    expect(after.files).toHaveLength(before.files.length + 1)
  })

  test('without an external_ref, the same file may come any number of times', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await store.create(line)).id))
    expect(new Set(ids).size).toBe(5)
  })

  test('another owner may use it, and long ones that differ only at the end are different', async () => {
    const other = await service.addStore()
    for (const ref of ['taken', `${'a'.repeat(2047)}b`, `${'a'.repeat(2047)}c`]) {
      expect((await store.upload(line, { externalRef: ref })).status).toBe(201)
      expect((await other.upload(line, { externalRef: ref })).status).toBe(201)
    }
    expect((await store.upload(line, { externalRef: `${'a'.repeat(2047)}c` })).status).toBe(409)
  })

  test('it is compared code point by code point', async () => {
    for (const ref of ['taken', 'Taken', ' taken', 'take\u{301}n', 'tak\u{e9}n', 'take\u{301}n ']) {
      expect((await store.upload(line, { externalRef: ref })).status).toBe(201)
    }
  })
})
