import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Gives `use` a new folder for temporary files, and removes it afterwards with all that is in it. */
export async function withTempFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-bench-'))
  try {
    // Under root the embedded PostgreSQL runs as another user, who has to pass through.
    await chmod(folder, 0o711)
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
