import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { aProduct, counts, file } from '../support/builders.js'
import { intake, type Outcome } from '../support/cli.js'
import { cleanEnvironment, cli, newStoreEach, testService } from '../support/service.js'

const service = testService({})
const api = newStoreEach(service)

const imports = (...args: string[]): Promise<Outcome> =>
  intake(['imports', ...args, '--url', api.url], { API_KEY: api.key })

/** Without what moves a terminal's cursor. */
const words = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what terminals obey
    .replaceAll(/\u001b\[\d*[A-Z]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()

const status = async (id: string) => (await api.find(id)).meta.undo?.status

/** Runs it on a terminal, where somebody types an answer to the question. */
function answered(answer: string, ...args: string[]): Promise<string> {
  const command = [process.execPath, cli, 'imports', ...args, '--url', api.url]
    .map((word) => `'${word}'`)
    .join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...cleanEnvironment(), API_KEY: api.key },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  let isAnswered = false
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    if (isAnswered || !text.includes('[y/N]')) return
    isAnswered = true
    child.stdin.write(`${answer}\n`)
  })
  return new Promise((resolve) =>
    child.once('close', () => {
      child.stdin.end()
      resolve(text)
    }),
  )
}

const threeProducts = file(
  aProduct({ external_ref: 'a' }),
  aProduct({ external_ref: 'b' }),
  aProduct({ external_ref: 'c' }),
)

async function changeOne(): Promise<void> {
  const [one] = await api.read<{ id: string }[]>('/subscriptions/products?filter=eq(external_ref,b)')
  const data = { type: 'subscription_product', attributes: { name: 'Changed' } }
  await api.put(`/subscriptions/products/${one?.id}`, { data })
}

describe('intake imports undo', () => {
  test('--dry-run says what would happen, and changes nothing', async () => {
    const { id } = await api.import(threeProducts)
    await changeOne()
    const { code, stdout } = await imports('undo', '@latest', '--dry-run')
    expect(words(stdout)).toBe(
      '2 records would be removed. 1 record would stay as it is, because it was changed or deleted later, or something else holds it.',
    )
    expect(code).toBe(0)
    const json = JSON.parse((await imports('undo', id, '--dry-run', '--json')).stdout)
    expect(json.meta).toEqual({ dry_run: true, removed: counts(2), restored: counts(), kept: counts(1) })
    expect(await status(id)).toBeUndefined()
  })

  test('--yes undoes the import, and shows what lists the records that stay', async () => {
    const { id } = await api.import(threeProducts)
    await changeOne()
    const { code, stdout } = await imports('undo', id, '--yes')
    expect(words(stdout)).toMatch(
      /^2 records were removed\. 1 record stays as it is, because .* holds it\. This shows it, and why: npx intake imports kept \S+ --url \S+$/,
    )
    expect(code).toBe(2)
    expect(await status(id)).toBe('success')
    const { stdout: lines } = await imports('kept', id)
    expect(JSON.parse(lines)).toMatchObject({ line_number: 2, external_ref: 'b', reason: 'changed' })
  })

  test('of the organization’s import is refused, with who can do it', async () => {
    const organization = await service.addOrganization()
    const store = await service.addStore(organization.id)
    const { id } = await organization.api.import(file(aProduct(), aProduct({ name: 'x' })))
    const args = ['imports', 'undo', id, '--yes', '--url', store.url]
    const { code, stdout, stderr } = await intake(args, { API_KEY: store.key })
    expect([code, stdout]).toEqual([1, ''])
    expect(words(stderr)).toBe(
      'intake: It belongs to the organization of this store, and only an API key of the organization can do this (403: Permission denied: import tenancy mismatch).',
    )
    const shown = await intake(['imports', 'show', id, '--url', store.url], { API_KEY: store.key })
    expect(shown.stdout).toMatch(/^belongs to +the organization$/m)
  })

  test('says what it restored', async () => {
    await api.import(threeProducts)
    await api.import(threeProducts.replaceAll('Coffee', 'Tea'), { onConflict: 'update' })
    const { code, stdout } = await imports('undo', '@latest', '--yes')
    expect(words(stdout)).toBe('3 records have the values back that they had before.')
    expect(code).toBe(0)
  })

  test('refuses where nobody can be asked', async () => {
    const { id } = await api.import(threeProducts)
    const { code, stdout, stderr } = await imports('undo', id)
    expect([code, stdout]).toEqual([1, ''])
    expect(words(stderr)).toBe(
      'intake: 3 records would be removed. Nothing was changed; --yes undoes the import without a question.',
    )
    expect(await status(id)).toBeUndefined()
  })

  test('passes on why an import cannot be undone', async () => {
    const { id } = await api.import(threeProducts, { dryRun: true })
    const { code, stderr } = await imports('undo', id, '--yes')
    expect(code).toBe(1)
    expect(stderr).toContain('A rehearsal has added nothing, so there is nothing to undo.')
  })
})

describe.skipIf(process.platform !== 'linux')('intake imports undo on a terminal', () => {
  test.each(['n', '', 'nay'])('changes nothing when the answer is "%s"', async (answer) => {
    const { id } = await api.import(threeProducts)
    const text = await answered(answer, 'undo', id)
    expect(words(text)).toContain(`3 records would be removed. Undo import ${id}? [y/N]`)
    expect(text).toContain('Nothing was changed.')
    expect(await status(id)).toBeUndefined()
  })

  test('undoes the import when the answer is yes', async () => {
    const { id } = await api.import(threeProducts)
    expect(await answered('y', 'undo', id)).toContain('3 records were removed.')
    expect(await status(id)).toBe('success')
  })
})
