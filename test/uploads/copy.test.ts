import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linkOrCopy } from '../../src/uploads/copy.js'
import { temporaryFolder } from '../support/service.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

/** Another file system than that of temporary folders, as on most Linux machines. */
const ELSEWHERE = '/dev/shm'

describe('A second name of a file', () => {
  test('is a hard link, so that it takes no room', async () => {
    const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')]
    await writeFile(from, 'lines')
    await linkOrCopy(from, to, join(folder.path, 'draft'))
    expect((await stat(to)).ino).toBe((await stat(from)).ino)
    await rm(from)
    expect(await readFile(to, 'utf8')).toBe('lines')
  })

  test.runIf(existsSync(ELSEWHERE))(
    'is a copy where there can be no link, and no draft is left',
    async () => {
      const elsewhere = await mkdtemp(join(ELSEWHERE, 'intake-test-'))
      try {
        const from = join(elsewhere, 'from')
        await writeFile(from, 'other lines')
        await linkOrCopy(from, join(folder.path, 'copy'), join(folder.path, 'draft'))
        await rm(from)
        expect(await readFile(join(folder.path, 'copy'), 'utf8')).toBe('other lines')
        expect(await readdir(folder.path)).not.toContain('draft')
      } finally {
        await rm(elsewhere, { recursive: true })
      }
    },
  )

  test('of a file that is missing is an error', async () => {
    const missing = linkOrCopy(
      join(folder.path, 'nothing'),
      join(folder.path, 'x'),
      join(folder.path, 'draft'),
    )
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
