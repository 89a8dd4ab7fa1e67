import { mkdir, readdir, rename, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readFileIfThere, writeWhole } from '../data-dir/files.js'
import {
  type DataDirLayout,
  layoutOf,
  type UploadsLayout,
  uploadKey,
  uploadsLayoutOf,
} from '../data-dir/layout.js'
import { UploadsAway } from './store.js'

/** @throws UploadsAway unless the uploads folder is available and belongs to the data directory `id` */
export async function requireUploadsFolder(folder: string, id: string): Promise<void> {
  const why = await whyAway(folder, id)
  if (why !== undefined) throw new UploadsAway(`The uploads are away: ${why}`)
}

/** Why a folder does not hold the uploads of the data directory `id`, in a sentence; undefined: it does. */
export async function whyAway(folder: string, id: string): Promise<string | undefined> {
  const { marker } = uploadsLayoutOf(folder)
  try {
    const found = await readFileIfThere(marker)
    if (found === id) return undefined
    return found === undefined
      ? `${marker}, which identifies the folder, is missing. Is its disk mounted?`
      : `${folder} belongs to another data directory, with the id ${found}.`
  } catch (error) {
    return `${marker} cannot be read (${(error as NodeJS.ErrnoException).code}).`
  }
}

/**
 * Creates the uploads folder and marks it, once in a data directory's life; after that, checks that it is
 * available.
 *
 * @throws UploadsAway
 */
export async function openUploadsFolder(layout: DataDirLayout, id: string): Promise<void> {
  const { folder, incoming, marker } = layout.uploads
  const isMarked = await wasMarked(layout.path, id)
  if (!isMarked) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // A folder that belonged to another data directory and has none of its files left may change hands.
    const isFree = (await readFileIfThere(marker)) === undefined || !(await hasUploads(folder))
    if (isFree) await writeWhole(marker, id)
  }
  await requireUploadsFolder(folder, id)
  if (!isMarked) await writeWhole(layout.uploadsMarked, id)
  await mkdir(incoming, { recursive: true, mode: 0o700 })
  await takeBack(layout.uploads)
}

/** Puts files into place that an earlier version has moved out of it, as no import named them. */
async function takeBack({ folder, formerlyAside }: UploadsLayout): Promise<void> {
  for (const name of await namesIn(formerlyAside)) {
    if (uploadKey(name) !== undefined) await rename(join(formerlyAside, name), join(folder, name))
  }
  await rmdir(formerlyAside).catch(() => {})
}

/** Whether the right uploads folder of a data directory has a marker. */
export const wasMarked = async (dataDir: string, id: string): Promise<boolean> =>
  (await readFileIfThere(layoutOf(dataDir).uploadsMarked)) === id

/**
 * Whether a data directory's folder has uploads, or had some and is away. A process that stores uploads
 * elsewhere needs it for those.
 */
export async function mayHaveUploads(
  dataDir: string,
  { path, id }: { readonly path: string; readonly id: string },
): Promise<boolean> {
  if (!(await wasMarked(dataDir, id))) return false
  return (await whyAway(path, id)) !== undefined || (await hasUploads(path))
}

const hasUploads = async (folder: string): Promise<boolean> =>
  (await readdir(folder)).some((name) => uploadKey(name) !== undefined)

/** The names in a folder; none if it is missing. */
export const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
