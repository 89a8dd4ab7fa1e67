import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateRecords } from '../../bench/generate.js'
import type { OnConflict } from '../../src/imports/terms.js'
import {
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  aSubscription,
  counts,
  file,
  times,
} from '../support/builders.js'
import { intake } from '../support/cli.js'
import { newStoreEach, temporaryFolder, testService } from '../support/service.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

let files = 0

async function aFile(content: string | Uint8Array): Promise<string> {
  const path = join(folder.path, `${++files}.jsonl`)
  await writeFile(path, content)
  return path
}

/** What `intake validate` says about a file, with every error by line. */
async function validate(content: string | Uint8Array, ...flags: string[]) {
  const errorFile = join(folder.path, `errors-${++files}`)
  const args = ['validate', await aFile(content), '--json', '--errors', errorFile, ...flags]
  const { code, stdout, stderr } = await intake(args)
  if (stdout === '') throw new Error(stderr)
  const lines = (await readFile(errorFile, 'utf8')).split('\n').filter(Boolean)
  const errors = lines.map((line) => JSON.parse(line)).sort((a, b) => a.line_number - b.line_number)
  return { code, report: JSON.parse(stdout), errors }
}

describe('With --strict it says what an import into an empty store would say', () => {
  const service = testService()
  const api = newStoreEach(service)

  /** The report of an import, but for what only the service knows. */
  async function reportOf(id: string): Promise<unknown[]> {
    const headers = { accept: 'application/jsonl' }
    const { body } = await api.request(`/subscriptions/imports/${id}/errors`, { headers })
    const lines = String(body).split('\n').filter(Boolean)
    return lines.map((line) => {
      const { owner: _, timestamps: __, used_by: ___, ...meta } = JSON.parse(line).meta
      return meta
    })
  }

  async function expectSame(content: string | Uint8Array, onConflict: OnConflict = 'reject') {
    const { id, meta } = await api.import(content, { dryRun: true, onConflict })
    const reported = await reportOf(id)
    const kinds = (await api.get(`/subscriptions/imports/${id}/errors/kinds`)).body.data
    const { code, report, errors } = await validate(content, '--strict', '--on-conflict', onConflict)
    expect(errors).toEqual(reported)
    const { uploaded, imported, skipped } = meta.records
    expect(report.records).toEqual({ uploaded, valid: imported, ...(skipped && { skipped }) })
    expect(report).toMatchObject({ errors: meta.errors, file: { lines: meta.file.lines } })
    const told = kinds.map((kind: { meta: object }) => kind.meta)
    expect(report.kinds.slice(0, told.length)).toEqual(told)
    const warnings = await api.read<{ meta: object }[]>(`/subscriptions/imports/${id}/warnings`)
    const metas = warnings.map(({ meta: { owner: _, ...meta } }: { meta: { owner?: unknown } }) => meta)
    expect(report.warnings).toEqual(metas)
    expect(code).toBe(meta.errors === 0 ? 0 : 1)
    return report
  }

  test.each(['catalogue.jsonl', 'mistakes.jsonl'])('of examples/%s', async (name) => {
    await expectSame(await readFile(join(import.meta.dirname, '../../examples', name)))
  })

  test('of many chunks, with references up and down the file', async () => {
    const { records } = await expectSame([...generateRecords({ records: 9000 })].join('\n'))
    expect(records.uploaded).toEqual(records.valid)
  })

  test.each(['reject', 'skip', 'update', 'patch'] as const)(
    'of a file that repeats itself, on_conflict=%s',
    async (onConflict) => {
      const content = times(4000, (index) => {
        const external_ref = `r-${index % 1500}`
        if (index % 4 === 0) return aProduct({ external_ref })
        if (index % 4 === 1) return aPlan({ external_ref })
        if (index % 4 === 2) return aSubscriber({ external_ref, ...(index % 50 === 2 && { name: 'x' }) })
        return anOffering({ external_ref, products: [`r-${index - 3}`, 'r-0'], plans: [`r-${index - 2}`] })
      })
      await expectSame(content, onConflict)
    },
  )

  test('of many subscriptions', async () => {
    await expectSame([...generateRecords({ records: 3000, content: 'subscriptions' })].join('\n'))
  })

  test.each(['reject', 'update'] as const)(
    'of subscriptions to what the file has and has not, on_conflict=%s',
    async (onConflict) => {
      const usd = { USD: { amount: 500 } }
      const { errors } = await expectSame(
        file(
          aSubscription({ offering_external_ref: 'one', selected_plan: 'monthly' }),
          aSubscription({ offering_external_ref: 'one', selected_plan: 'monthly', currency: 'USD' }),
          aSubscription({ offering_external_ref: 'one', selected_plan: 'weekly', currency: 'USD' }),
          aSubscription({
            offering_external_ref: 'one',
            plan_id: aSubscription().data.attributes.account_id,
          }),
          aSubscription({ offering_external_ref: 'two' }),
          aSubscription({ offering_external_ref: 'two', selected_plan: 'monthly' }),
          aSubscription({ offering_external_ref: 'three', currency: 'USD' }),
          aSubscription({ offering_external_ref: 'wrong' }),
          aSubscription({ paused_at: '9999-01-01T00:00:00Z', offering_external_ref: 'none' }),
          aSubscription({
            offering_external_ref: undefined,
            offering_id: aSubscription().data.attributes.account_id,
          }),
          aProduct({ external_ref: 'box', price: { USD: { amount: 1 } } }),
          aPlan({ external_ref: 'monthly' }),
          anOffering({ external_ref: 'one', products: ['box'], plans: ['monthly'] }),
          anOffering({
            external_ref: 'two',
            plans: ['monthly', aPlan({ external_ref: 'monthly', fixed_price: usd }).data.attributes],
          }),
          anOffering({ external_ref: 'three', products: ['box'] }),
          anOffering({ external_ref: 'wrong', products: ['nothing'] }),
          // With "update", the last of those that share an external_ref counts.
          aProduct({ external_ref: 'box', price: { EUR: { amount: 1 } } }),
          anOffering({ external_ref: 'three', products: ['box'] }),
        ),
        onConflict,
      )
      expect(errors).toBeGreaterThan(9)
    },
  )

  test('with references that lead nowhere, twice to the same record, or to a rejected record', async () => {
    await expectSame(
      file(
        anOffering({ products: ['p', 'p', 'none', 'none'], plans: ['bad', 'p', 'l'] }),
        anOffering({ external_ref: 'o', products: ['none'] }),
        anOffering({ external_ref: 'o', products: ['p'] }),
        anOffering({ external_ref: 'o', products: ['p'] }),
        aProduct({ external_ref: 'p' }),
        aPlan({ external_ref: 'bad', name: 'x' }),
        aPlan({ external_ref: 'l' }),
        aPlan({ external_ref: '' }),
        aPlan({ external_ref: '' }),
        aProduct({ price: { USD: null, EUR: { amount: 1, includes_tax: null } } }),
        '{"data":{"type":"subscription_product","attributes":{"name":"Tea","price":{"USD":{"amount":1.0000000000000001}}}}}',
        anOffering({ products: [''] }),
        aSubscriber({ email: 'Hanna <hanna@example.com>' }),
      ),
    )
  })

  test.each([
    ['a CSV', 'name,price\nCoffee,5\n'],
    ['blank lines', '\n\n'],
    ['a PDF', '%PDF-1.7\n'],
    ['damaged gzip', gzipSync(file(aProduct())).subarray(0, 30)],
  ])('of %s, in the same sentence', async (_what, content) => {
    const { status, body } = await api.upload(content)
    expect(status).toBe(400)
    const { code, stdout, stderr } = await intake(['validate', await aFile(content)])
    expect(stderr).toContain(`intake: ${body.errors[0].detail}\n`)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })
})

describe('intake validate', () => {
  const loose = file(
    aProduct({ external_ref: 'here' }),
    anOffering({ products: ['here', 'elsewhere', '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f'] }),
    anOffering({ products: ['here'], plans: ['elsewhere', 'elsewhere'] }),
  )

  test('reports references to what may be in the store, which are not errors', async () => {
    const content = loose.split('\n').slice(0, 2).join('\n')
    const { code, report } = await validate(content)
    expect(report).toMatchObject({
      records: { valid: counts(1, 0, 0, 1) },
      errors: 0,
      references_not_in_file: 2,
      first_references_not_in_file: [
        { line_number: 2, field: 'products[1]', reference: 'elsewhere' },
        { line_number: 2, field: 'products[2]', reference: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f' },
      ],
    })
    expect(code).toBe(0)
    const { stdout } = await intake(['validate', await aFile(content)])
    expect(stdout).toContain('All 2 records of')
    expect(stdout).toContain('2 references do not lead to a valid record of the file.')
    expect(stdout).toMatch(/^ +2 +products\[1\] +product elsewhere$/m)
  })

  test('knows that a reference given twice is wrong, wherever it leads', async () => {
    const { code, errors, report } = await validate(loose)
    expect(errors).toEqual([
      {
        line_number: 3,
        record_type: 'subscription_offering',
        field: 'plans[1]',
        code: 'repeated_reference',
        error: 'plan "elsewhere" is already named by plans[0]',
        value: 'elsewhere',
      },
    ])
    expect(report.references_not_in_file).toBe(2)
    expect(code).toBe(1)
  })

  test('shows few errors by line, and many by kind', async () => {
    const lines = [anOffering({ products: [] }), aProduct({ name: 'x' }), '{']
    const few = await intake(['validate', await aFile(file(...lines))])
    expect(few.stdout).toContain('None of the 2 records of')
    expect([...few.stdout.matchAll(/^ +(\d) {2}\S.* {2}\S/gm)].map(([, line]) => line)).toEqual([
      '1',
      '2',
      '3',
    ])
    const most = await intake(['validate', await aFile(times(30, () => aProduct({ name: 'x' })))])
    expect(most.stdout).toContain('30 errors of 1 kind, with the number of lines and the first of them:')
    expect(most.stdout).toMatch(/^ +30 +1 +name +name must be at least 3 characters$/m)
    expect(most.stdout).toContain('With --errors FILE every error is written to a file')
  })

  test('reads the standard input and compressed files, and leaves no temporary files', async () => {
    const TMPDIR = join(folder.path, 'tmp')
    await mkdir(TMPDIR)
    const content = file(anOffering({ products: ['p'] }), aProduct({ external_ref: 'p' }))
    for (const input of [content, gzipSync(content)]) {
      const { code, stdout } = await intake(['validate', '-'], { TMPDIR }, input)
      expect(stdout).toContain('All 2 records of the standard input are valid.')
      expect(code).toBe(0)
    }
    const { stdout } = await intake(['validate', await aFile(gzipSync(content))], { TMPDIR })
    expect(stdout).toContain('All 2 records of')
    await intake(['validate', '-'], { TMPDIR }, gzipSync(content).subarray(0, 20))
    expect(await readdir(TMPDIR)).toEqual([])
  })

  test.each([
    ['a CSV', 'name,sku\nCoffee,c-1\n', 'It looks like CSV'],
    ['pretty-printed JSON', JSON.stringify(aProduct(), null, 2), 'over several lines'],
    ['a JSON array on a line', JSON.stringify([aProduct()]), 'It looks like a JSON array'],
    [
      'a JSON array of lines',
      `[\n${JSON.stringify(anOffering())},\n${JSON.stringify(anOffering())}\n]\n`,
      'The file looks like a JSON array',
    ],
    ['UTF-16', Buffer.from(file(aProduct()), 'utf16le'), 'UTF-16 without a byte-order mark'],
    ['lines that end with CR', file(aProduct(), aPlan()).replaceAll('\n', '\r'), 'CR (U+000D) alone'],
  ])('says what a wrong file looks like: %s', async (_what, content, sentence) => {
    const { code, stderr } = await intake(['validate', await aFile(content)])
    expect(stderr).toContain(sentence)
    expect(code).toBe(1)
  })

  test('uses MAX_LINE_BYTES', async () => {
    const path = await aFile(file(aProduct({ description: 'x'.repeat(1000) }), aProduct()))
    const { stdout, code } = await intake(['validate', path], { MAX_LINE_BYTES: '500' })
    expect(stdout).toContain('the line is longer than 500 bytes')
    expect(code).toBe(1)
  })

  test('overwrites no file with its errors', async () => {
    const path = await aFile(file(aProduct({ name: 'x' })))
    const { code, stderr } = await intake(['validate', path, '--errors', path])
    expect(stderr).toContain(`The file ${path} already exists. Give another name, or remove it.`)
    expect(code).toBe(1)
    expect(await readFile(path, 'utf8')).toBe(file(aProduct({ name: 'x' })))
  })

  test.each([
    ['no file', [], "missing required argument 'file'"],
    ['a file that is not there', ['none.jsonl'], 'There is no file none.jsonl.'],
    [
      'an unknown on_conflict',
      ['x', '--on-conflict', 'y'],
      'Allowed choices are reject, skip, update, patch.',
    ],
  ])('exits 1 for %s', async (_what, args, sentence) => {
    const { code, stderr } = await intake(['validate', ...args])
    expect(stderr).toContain(sentence)
    expect(code).toBe(1)
  })
})
