import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withServer } from '../../bench/server.js'
import { withTempFolder } from '../../bench/temp-folder.js'

test('the benchmark measures a server whose commits outlive a crash, and no other', () =>
  withTempFolder(async (folder) => {
    const dataDir = join(folder, 'data')
    const measured = () => withServer(dataDir, async ({ startSeconds }) => startSeconds)
    expect(await measured()).toBeGreaterThan(0)
    await appendFile(
      join(dataDir, 'postgres', 'postgresql.conf'),
      "fsync = 'off'\nfull_page_writes = 'off'\nsynchronous_commit = 'off'\n",
    )
    await expect(measured()).rejects.toThrow(
      'This server is not measured. fsync and full_page_writes are off',
    )
  }))
