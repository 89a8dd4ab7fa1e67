import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImportResource } from '../support/api.js'
import { aProduct, counts, file } from '../support/builders.js'
import { intake, intakeJson, intakeOnTerminal, type Outcome, startIntake } from '../support/cli.js'
import { newStoreEach, temporaryFolder, testService } from '../support/service.js'

const service = testService()
let folder: Awaited<ReturnType<typeof temporaryFolder>>
const api = newStoreEach(service)
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(async () => {
  await folder.remove()
})

const place = () => ['--url', api.url]
const environment = () => ({ API_KEY: api.key })
const imports = (...args: string[]): Promise<Outcome> =>
  intake(['imports', ...args, ...place()], environment())
// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what shape it expects
const importsJson = (...args: string[]): Promise<any> =>
  intakeJson(['imports', ...args, ...place()], environment())

/** The command that an output suggests, without `npx intake`. */
function nextCommand({ stdout }: Outcome, beginning: string): string[] {
  const line = stdout.split('\n').find((text) => text.startsWith(`  npx intake ${beginning}`))
  if (line === undefined) throw new Error(`There is no "intake ${beginning}" in:\n${stdout}`)
  return line.trim().split(' ').slice(2)
}

const wrong = aProduct({ name: 'x' })

describe.skipIf(process.platform !== 'linux')('What a terminal would obey', () => {
  const line = Buffer.concat([
    Buffer.from('x\u001b[31m\u009b\u202e\ry\t\ufeff"z"'),
    Buffer.from([0x9b, 0x0d, 0x0a]),
    Buffer.from(file(aProduct({ name: 'x', external_ref: 'a\u009bb\u202ec' }))),
  ])
  const onTerminal = (...args: string[]) => intakeOnTerminal(['imports', ...args, ...place()], environment())

  test('is named there, in the bytes of rejected lines too; a file has them unchanged', async () => {
    const { id } = await api.import(Buffer.concat([Buffer.from(file(aProduct())), line]))
    const shown = await onTerminal('rejected', id)
    expect(shown).toContain('x<U+001B>[31m<U+009B><U+202E><U+000D>y\t<U+FEFF>"z"\ufffd\r')
    expect(shown).toContain('a<U+009B>b<U+202E>c')
    const output = join(folder.path, 'raw.jsonl')
    await imports('rejected', id, '--output', output)
    expect(await readFile(output)).toEqual(line)
    // A pipe does not lose any either.
    expect((await imports('rejected', id)).stdout).toBe(line.toString('utf8'))
  })

  test('is escaped in errors, which stay JSON', async () => {
    const { id } = await api.import(Buffer.concat([Buffer.from(file(aProduct())), line]))
    expect(await onTerminal('errors', id, '--all')).toContain('"external_ref":"a\\u009bb\\u202ec"')
    const shown = JSON.parse(await onTerminal('errors', id, '--json'))
    expect(shown[1].meta.external_ref).toBe('a\u009bb\u202ec')
    expect(await onTerminal('errors', id, '--json')).toContain('"a\\u009bb\\u202ec"')
    expect((await imports('errors', id, '--all')).stdout).toContain('"a\u009bb\u202ec"')
  })
})

describe('intake imports list', () => {
  test('shows imports, newest first, and how to see more', async () => {
    const ids: string[] = []
    for (const externalRef of ['june "1"', 'june 2', 'july']) {
      ids.unshift((await api.import(file(aProduct()), { externalRef })).id)
    }
    const { stdout, code } = await imports('list', '--limit', '2')
    const [head, ...rows] = stdout.split('\n')
    expect(head).toMatch(/^id +status +reference +file +records +imported +errors +received \(UTC\)$/)
    expect(rows[0]).toMatch(
      new RegExp(`^${ids[0]} +success +july +import.jsonl +1 +1 +0 +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d$`),
    )
    expect(rows[1]).toContain(ids[1])
    expect(stdout).toContain('1 to 2 of 3 imports. "--offset 2" shows what follows.')
    expect(code).toBe(0)
    const next = await importsJson('list', '--offset', '2')
    expect(next.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2))
  })

  test('finds by status and by reference, exactly or by a part', async () => {
    const good = await api.import(file(aProduct()), { externalRef: 'june "1"' })
    const bad = await api.import(file(wrong), { externalRef: 'june 2' })
    const found = async (...args: string[]) =>
      (await importsJson('list', ...args)).map(({ id }: { id: string }) => id)
    expect(await found('--status', 'failed')).toEqual([bad.id])
    expect(await found('--status', 'failed,success')).toEqual([bad.id, good.id])
    expect(await found('--external-ref', 'june "1"')).toEqual([good.id])
    expect(await found('--external-ref', 'june*')).toEqual([bad.id, good.id])
    expect(await found('--external-ref', 'june')).toEqual([])
    expect(await found('--filter', 'ge(created_at,2000-01-01)', '--status', 'failed')).toEqual([bad.id])
    expect((await imports('list', '--status', 'pending')).stdout).toBe('There are no such imports.\n')
    expect(await imports('list', '--status', 'gone')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('answered 400: Could not parse the supplied filter'),
    })
  })
})

/** An import that cannot end before it is released, so that the owner's next ones wait. */
async function heldUp(): Promise<{ before: ImportResource; release(): Promise<void> }> {
  const client = await service.pool.connect()
  await client.query('begin; lock table products')
  const before = await api.create(file(aProduct()))
  return {
    before,
    async release() {
      await client.query('rollback')
      client.release()
    },
  }
}

describe('One import', () => {
  test('is shown, and its errors by line, by kind or all of them', async () => {
    const content = file(...Array.from({ length: 30 }, () => wrong), '{', aProduct())
    const { id } = await api.import(content, { externalRef: 'mine', onConflict: 'skip' })
    const shown = await imports('show', id)
    expect(shown.stdout).toMatch(/^reference +mine$/m)
    expect(shown.stdout).toMatch(/^on conflict +skip$/m)
    expect(shown.stdout).toMatch(/^file +import\.jsonl, [\d.]+ kB, 32 lines$/m)
    expect(shown.stdout).toMatch(/^finished +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/m)
    expect(shown.stdout).toMatch(/^product +31 +1 +0 +30$/m)
    expect(await importsJson('show', id)).toEqual(await api.find(id))

    const told = await intake(nextCommand(shown, 'imports errors'), environment())
    expect(told.stdout).toMatch(/^ +25 +name +name must be at least 3 characters$/m)
    expect(told.stdout).toContain('1 to 25 of 31 errors. "--offset 25" shows what follows.')
    const rest = await importsJson('errors', id, '--offset', '25', '--limit', '5')
    expect(rest.map(({ meta }: { meta: { line_number: number } }) => meta.line_number)).toEqual([
      26, 27, 28, 29, 30,
    ])
    expect((await imports('errors', id, '--kinds')).stdout).toMatch(/^ +30 +1 +name +name must be/m)
    const all = await imports('errors', id, '--all')
    expect(all.stdout.split('\n').filter(Boolean)).toHaveLength(31)
  })

  test('followed to its end, ends with the exit code of an import', async () => {
    const part = await api.create(file(wrong, aProduct()))
    const { code, stdout } = await imports('show', part.id, '--watch')
    expect(stdout).toContain('1 of the 2 records of import.jsonl was imported; 1 was rejected.')
    expect(code).toBe(2)
    const whole = await api.create(file(aProduct()))
    expect((await imports('show', whole.id, '--watch')).code).toBe(0)
  })

  test('gives its rejected lines for fixing, and the records of the others', async () => {
    const { id } = await api.import(file(aProduct({ external_ref: 'a' }), wrong, ' {'))
    const output = join(folder.path, 'rejected.jsonl')
    const rejected = await imports('rejected', id, '--output', output)
    expect(rejected.stdout).toContain(`2 rejected lines are in ${output}.`)
    expect(await readFile(output, 'utf8')).toBe(file(wrong, ' {'))
    expect((await imports('rejected', id)).stdout).toBe(file(wrong, ' {'))

    await writeFile(output, file(aProduct()))
    expect(await imports('rejected', id, '--output', output)).toMatchObject({
      code: 1,
      stderr: `intake: The file ${output} already exists. Give another name, or remove it.\n`,
    })
    const fixed = await intake([...nextCommand(rejected, 'import'), '--json'], environment())
    expect(JSON.parse(fixed.stdout).meta.records.imported).toEqual(counts(1))

    const results = (await imports('results', id)).stdout
    expect(JSON.parse(results)).toMatchObject({ line_number: 1, external_ref: 'a' })
    const file2 = join(folder.path, 'results.jsonl')
    expect(await importsJson('results', id, '--output', file2)).toMatchObject({ file: file2, lines: 1 })
  })

  test('shows its warnings, and what its lines changed', async () => {
    const before = { external_ref: 'changed', name: 'Before' }
    await api.import(file(aProduct(before)))
    const content = file(aProduct({ ...before, name: 'After' }), aProduct({ colour: 'red' }))
    const { id, meta } = await api.import(content, { onConflict: 'update' })
    const ended = await imports('watch', id)
    expect(ended.stdout).toContain('1 line has a warning. This shows what may surprise:')
    const shown = await intake(nextCommand(ended, 'imports warnings'), environment())
    expect(shown.stdout).toMatch(/^lines +first +field +warning$/m)
    expect(shown.stdout).toMatch(/^ +1 +2 +colour +\S/m)
    expect(await importsJson('warnings', id)).toHaveLength(meta.warnings + 1)
    const changes = (await imports('changes', id)).stdout.split('\n').filter(Boolean)
    expect(changes.map((line) => JSON.parse(line).change)).toEqual(['updated', 'created'])
    expect(
      (await imports('warnings', (await api.import(file(aProduct({ external_ref: 'x' })))).id)).stdout,
    ).toBe('There are no warnings.\n')
  })

  test('is canceled and resumed', async () => {
    const { before, release } = await heldUp()
    const { id } = await api.create(file(aProduct()))
    const canceled = await imports('cancel', id)
    await release()
    expect(canceled.stdout.replaceAll(/\s+/g, ' ')).toContain(
      `Import ${id} was canceled. 0 of its 1 record had been imported and stay.`,
    )
    expect(await imports('cancel', id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^intake: The import has ended/),
    })
    const followed = await imports('watch', id)
    expect(followed.code).toBe(1)
    expect(followed.stdout).toContain((await api.find(id)).meta.failure?.detail)

    const retried = await intake(nextCommand(canceled, 'imports retry'), environment())
    expect(retried.code).toBe(0)
    expect((await intake(nextCommand(retried, 'imports watch'), environment())).code).toBe(0)
    expect((await api.finished(before.id)).attributes.status).toBe('success')
    expect(await imports('retry', id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^intake: /),
    })
  })

  test('that is a rehearsal is canceled without a word about resuming it', async () => {
    const { release } = await heldUp()
    const { id } = await api.create(file(aProduct()), { dryRun: true })
    const canceled = await imports('cancel', id)
    await release()
    expect(canceled.stdout).toBe(`Rehearsal ${id} was canceled. Nothing was added.\n`)
  })

  test('that does not exist is reported in a sentence about the command line', async () => {
    const unknown = '019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b'
    const where = '"npx intake imports list" shows them; @latest is the latest.'
    for (const command of ['show', 'watch', 'errors', 'warnings', 'rejected', 'results', 'cancel', 'retry']) {
      expect(await imports(command, unknown)).toEqual({
        code: 1,
        stdout: '',
        stderr: `intake: There is no import ${unknown}. ${where}\n`,
      })
      expect(await imports(command, 'foo')).toEqual({
        code: 1,
        stdout: '',
        stderr: `intake: "foo" is not the id of an import. ${where}\n`,
      })
    }
  })

  test('is the latest, where @latest stands for its id', async () => {
    expect((await imports('watch')).stderr).toBe(
      'intake: There are no imports yet. "npx intake import FILE" imports a file.\n',
    )
    await api.import(file(aProduct()))
    const { id } = await api.import(file(wrong, aProduct()))
    expect(await importsJson('show', '@latest')).toMatchObject({ id })
    expect((await imports('rejected', '@latest')).stdout).toBe(file(wrong))
    expect(await imports('watch')).toMatchObject({ code: 2, stdout: expect.stringContaining(id) })
    const { id: failed } = await api.import(file(wrong))
    expect((await imports('retry', '@latest')).stderr).toMatch(/^intake: /)
    expect((await imports('watch')).stdout).toContain(failed)
  })

  test('goes on when it is no longer followed, and the commands to go on with are printed', async () => {
    const { before, release } = await heldUp()
    const watching = startIntake(['imports', 'watch', ...place()], environment())
    await watching.says(/^importing: /m)
    watching.child.kill('SIGINT')
    const { code, stderr } = await watching.ended
    expect(code).toBe(130)
    expect(stderr).toContain(`Interrupted. Import ${before.id} continues on the server: ${api.url}/`)
    expect(stderr.split('\n').slice(-3)).toEqual([
      `  npx intake imports watch ${before.id} --url ${api.url}`,
      `  npx intake imports cancel ${before.id} --url ${api.url}`,
      '',
    ])
    await release()
    expect((await api.finished(before.id)).attributes.status).toBe('success')
  })
})

test('Without a service they run one, but create no database', async () => {
  const DATA_DIR = join(folder.path, 'none')
  expect(await intake(['imports', 'list'], { DATA_DIR })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`There is no database in ${DATA_DIR}.`),
  })
})
