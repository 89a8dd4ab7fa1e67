import { mkdir, readdir } from 'node:fs/promises'
import { readFileIfThere, writeWhole } from '../data-dir/files.js'
import { type DataDirLayout, layoutOf, uploadKey, uploadsLayoutOf } from '../data-dir/layout.js'
import { StartError } from '../start-error.js'

/** The folder of uploads is not there just now: its disk is not mounted, or another folder is in its place. */
export class UploadsAway extends StartError {
  override name = 'UploadsAway'
}

/** @throws UploadsAway unless the folder of uploads is there and is the one of the data directory `id` */
export async function requireUploadsFolder(folder: string, id: string): Promise<void> {
  const why = await whyAway(folder, id)
  if (why !== undefined) throw new UploadsAway(`The uploads are away: ${why}`)
}

/** Why a folder is not the one with the uploads of the data directory `id`, in a sentence; undefined: it is. */
export async function whyAway(folder: string, id: string): Promise<string | undefined> {
  const { marker } = uploadsLayoutOf(folder)
  try {
    const found = await readFileIfThere(marker)
    if (found === id) return undefined
    return found === undefined
      ? `${marker} is not there, by which the folder is known. Is its disk mounted?`
      : `${folder} belongs to another data directory, with the id ${found}.`
  } catch (error) {
    return `${marker} cannot be read (${(error as NodeJS.ErrnoException).code}).`
  }
}

/**
 * Creates the folder of uploads and marks it, once in a data directory's life; from then on, looks whether it is there.
 *
 * @throws UploadsAway
 */
export async function openUploadsFolder(layout: DataDirLayout, id: string): Promise<void> {
  const { folder, incoming, marker } = layout.uploads
  const isMarked = await wasMarked(layout.path, id)
  if (!isMarked) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // One that was another data directory's and has nothing of it any more may change hands.
    const isFree = (await readFileIfThere(marker)) === undefined || !(await hasUploads(folder))
    if (isFree) await writeWhole(marker, id)
  }
  await requireUploadsFolder(folder, id)
  if (!isMarked) await writeWhole(layout.uploadsMarked, id)
  await mkdir(incoming, { recursive: true, mode: 0o700 })
}

/** Whether the folder of uploads of a data directory has a marker if it is the right one. */
export const wasMarked = async (dataDir: string, id: string): Promise<boolean> =>
  (await readFileIfThere(layoutOf(dataDir).uploadsMarked)) === id

const hasUploads = async (folder: string): Promise<boolean> =>
  (await readdir(folder)).some((name) => uploadKey(name) !== undefined)
