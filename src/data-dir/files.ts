import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { draftOf } from './layout.js'

/** A file's text without the newline; undefined if it is missing or empty. */
export async function readFileIfThere(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim() || undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a line into a file that only its owner may read, atomically and durably. */
export async function writeWhole(file: string, line: string): Promise<void> {
  const draft = draftOf(file)
  await rm(draft, { force: true })
  await writeFile(draft, `${line}\n`, { mode: 0o600, flag: 'wx', flush: true })
  await rename(draft, file)
}
