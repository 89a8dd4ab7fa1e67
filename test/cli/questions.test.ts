import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aProduct, file, times } from '../support/builders.js'
import { intake, intakeJson, intakeOnTerminal } from '../support/cli.js'
import { newStoreEach, temporaryFolder, testService } from '../support/service.js'

const service = testService({})
const api = newStoreEach(service)
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

const place = () => ['--url', api.url]
const environment = () => ({ API_KEY: api.key })
const words = (text: string) => text.replaceAll(/\s+/g, ' ')

let files = 0
async function aFile(content: string | Buffer, name = `${++files}.jsonl`): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, content)
  return path
}

describe('intake import outside of a data directory', () => {
  const DATA_DIR = () => join(folder.path, 'none')

  test('creates none where nobody can be asked, and says what to do', async () => {
    const { code, stderr } = await intake(['import', await aFile(file(aProduct()))], { DATA_DIR: DATA_DIR() })
    expect(stderr).toBe(
      `intake: There is no database in ${DATA_DIR()}. Give the data directory of the service with --data-dir or DATA_DIR, or --yes to create one there.\n`,
    )
    expect(code).toBe(1)
    expect(existsSync(DATA_DIR())).toBe(false)
  })

  test.skipIf(process.platform !== 'linux')(
    'asks on a terminal, and creates none without a yes',
    async () => {
      const path = await aFile(file(aProduct()))
      const shown = await intakeOnTerminal(['import', path], { DATA_DIR: DATA_DIR() }, { typed: 'n\n' })
      expect(words(shown)).toContain('Create one there, and import into it? [y/N]')
      expect(words(shown)).toContain('Nothing was created, and nothing was imported.')
      expect(existsSync(DATA_DIR())).toBe(false)
    },
  )

  test('asks nothing where a service runs whose database is elsewhere', async () => {
    const path = await aFile(file(aProduct({ name: 'For the default store' })))
    const done = await intake(['import', path, '--data-dir', service.dataDir])
    expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('Using the server at') })
    expect((await intake(['imports', 'show', '@latest', '--data-dir', service.dataDir])).code).toBe(0)
  })
})

describe('A file that was imported before', () => {
  const onTerminal = (path: string, typed: string, ...args: string[]) =>
    intakeOnTerminal(['import', path, ...args, ...place()], environment(), { typed }).then(words)
  const list = () => intakeJson(['imports', 'list', ...place()], environment())

  test.skipIf(process.platform !== 'linux')('is imported again only if somebody says yes', async () => {
    const content = file(aProduct(), aProduct())
    const path = await aFile(content)
    expect(await onTerminal(path, '')).not.toContain('imported before')
    const first = (await list())[0].id

    const refused = await onTerminal(path, 'n\n')
    expect(refused).toMatch(
      new RegExp(
        `\\d+\\.jsonl was imported before, at [\\d-]+ [\\d:]+ UTC: import ${first}, which has imported 2 of its 2 records\\.`,
      ),
    )
    expect(refused).toContain('Import it again? [y/N]')
    expect(refused).toContain('Nothing was sent.')
    expect(await list()).toHaveLength(1)

    // Its bytes are what counts, compressed or not.
    const packed = await aFile(gzipSync(content), 'packed.jsonl.gz')
    expect(await onTerminal(packed, 'yes\n')).toContain('All 2 records of packed.jsonl.gz were imported.')
    expect(await list()).toHaveLength(2)
    expect(await onTerminal(path, '', '--dry-run')).not.toContain('[y/N]')
    expect(await onTerminal(path, '', '--yes')).not.toContain('[y/N]')
    expect(await list()).toHaveLength(4)
  })

  test('is imported and told where nobody can be asked; a rehearsal or failed import does not count', async () => {
    const path = await aFile(file(aProduct({ name: 'Told' })))
    const run = (...args: string[]) => intake(['import', path, ...args, ...place()], environment())
    expect((await run('--dry-run')).stderr).not.toContain('imported before')
    expect((await run()).stderr).not.toContain('imported before')
    const [first] = await list()
    const again = await run()
    expect(again.code).toBe(0)
    expect(again.stderr).toMatch(
      new RegExp(`^${files}\\.jsonl was imported before: import ${first.id}\\.$`, 'm'),
    )
  })
})

describe('intake import takes', () => {
  test('--max-errors, after which it stops', async () => {
    const path = await aFile(times(20, () => aProduct({ name: 'x' })))
    const stopped = await intake(['import', path, '--max-errors', '3', ...place()], environment())
    expect(stopped.code).toBe(1)
    expect(await intakeJson(['imports', 'show', '@latest', ...place()], environment())).toMatchObject({
      meta: { max_errors: 3, failure: { reason: 'too_many_errors' } },
    })
    expect((await intake(['import', path, '--max-errors', 'few', ...place()])).stderr).toContain(
      'It is not a whole number.',
    )
  })

  test('--fixes, which the rejected lines of an import suggest', async () => {
    const { id } = await api.import(file(aProduct(), aProduct({ name: 'x' })))
    const output = join(folder.path, 'rejected.jsonl')
    const { stdout } = await intake(
      ['imports', 'rejected', '@latest', '--output', output, ...place()],
      environment(),
    )
    expect(stdout).toContain(`  npx intake import ${output} --fixes ${id} --url ${api.url}\n`)
    await writeFile(output, file(aProduct({ name: 'Fixed' })))
    const fixing = await intakeJson(['import', output, '--fixes', '@latest', ...place()], environment())
    expect(fixing.meta.fixes).toBe(id)
    expect((await api.find(id)).meta.fixed_by).toBe(fixing.id)
    const nobody = await intake(['import', output, '--fixes', 'nothing', ...place()], environment())
    expect(nobody.stderr).toContain('"nothing" is not the id of an import.')
  })
})
