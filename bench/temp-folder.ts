import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Gives `use` a new folder for temporary files, and removes it afterwards with everything in it. */
export async function withTempFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-bench-'))
  try {
    // If we are root, the embedded PostgreSQL runs as another user, who must be able to enter the folder.
    await chmod(folder, 0o711)
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
