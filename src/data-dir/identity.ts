import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { StartError } from '../start-error.js'
import { readFileIfThere } from './files.js'
import { layoutOf, uploadKey } from './layout.js'

/** The identity of a data directory; undefined if it has none yet. */
export async function readIdentity(path: string): Promise<string | undefined> {
  return await readFileIfThere(layoutOf(path).identity)
}

/**
 * The directory's identity, created once. Written beside its place and linked, so that two simultaneous first
 * starts agree on one.
 */
export async function identityOf(path: string): Promise<string> {
  const { identity: file, uploads } = layoutOf(path)
  const known = await readIdentity(path)
  if (known !== undefined) return known
  if (await hasUploads(uploads.folder)) {
    throw new StartError(
      `The data directory ${path} has uploads, but its file "id", by which imports find theirs, is gone; with a new one they would be lost. ` +
        'Restore it from a backup, or write the part of imports.upload_store after "file:" into it.',
    )
  }
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, `${randomUUID()}\n`, { mode: 0o600, flush: true })
  try {
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
  return (await readFile(file, 'utf8')).trim()
}

async function hasUploads(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.some((name) => uploadKey(name) !== undefined)
}
