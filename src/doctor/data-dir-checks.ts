import type { Stats } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { isLeftover, layoutOf, mostOpenModes } from '../data-dir/layout.js'
import { namesIn } from '../uploads/folder.js'
import { type Finding, ok, problem, some, warning } from './finding.js'

/**
 * With less free space, an import or PostgreSQL itself may soon run out of room. In bytes and as a share of
 * the disk.
 */
const SCARCE_BYTES = 2 * 2 ** 30
const SCARCE_SHARE = 0.05
const TOO_LITTLE_BYTES = 256 * 2 ** 20

/** Checks who owns the parts of a data directory and who may read them. */
export async function checkModes(dataDir: string): Promise<Finding> {
  const check = 'folder modes'
  if (process.platform === 'win32') return ok(check, 'Windows has none.')
  const tooOpen: string[] = []
  for (const [path, most] of mostOpenModes(layoutOf(dataDir))) {
    const mode = (await statOf(path))?.mode
    if (mode !== undefined && (mode & 0o777 & ~most) !== 0) {
      tooOpen.push(`chmod ${most.toString(8)} ${path}`)
    }
  }
  const own = process.getuid?.()
  const owner = (await stat(dataDir)).uid
  if (own !== 0 && own !== owner) {
    return problem(
      check,
      `The data directory belongs to another user (id ${owner}).`,
      'Run intake, and this command, as that user.',
    )
  }
  if (tooOpen.length === 0) return ok(check, 'Nobody else can read private files.')
  return problem(
    check,
    'Other users of this machine can read or change private files.',
    `Run: ${tooOpen.join('; ')}`,
  )
}

/** Checks the room on every disk that the data directory is on. */
export async function checkDisks(dataDir: string): Promise<Finding[]> {
  const devices = new Map<number, string>()
  const { path, uploads, cluster } = layoutOf(dataDir)
  for (const folder of [path, uploads.folder, cluster.folder]) {
    const found = await statOf(folder)
    if (found && !devices.has(found.dev)) devices.set(found.dev, folder)
  }
  return await Promise.all([...devices.values()].map(checkDisk))
}

async function checkDisk(folder: string): Promise<Finding> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(folder)
  const free = bavail * bsize
  const share = bavail / blocks
  const found = `${(free / 2 ** 30).toFixed(1)} GiB of the disk of ${folder} are free (${Math.floor(share * 100)}%).`
  const remedy =
    'Make room, or move the data directory to a larger disk; a smaller RETENTION_DAYS deletes old uploads.'
  if (files > 0 && ffree === 0)
    return problem('disk', `The disk of ${folder} has no room for another file.`, remedy)
  if (free < TOO_LITTLE_BYTES) return problem('disk', found, remedy)
  if (free < SCARCE_BYTES || share < SCARCE_SHARE) return warning('disk', found, remedy)
  return ok('disk', found)
}

/** Uploads may take hours; a file that was not written to for a day is no longer an upload. */
const ABANDONED_MS = 24 * 60 * 60 * 1000
/** A file exists moments before its import does. */
const YOUNG_MS = 60 * 60 * 1000

/**
 * Checks for files that nobody needs.
 *
 * @param isRunning whether a service runs there: new files are its business then.
 * @param straysOf the uploads from before a time that no import names; none if the database cannot be asked.
 */
export async function checkStrayFiles(
  dataDir: string,
  isRunning: boolean,
  straysOf: (before: Date) => AsyncIterable<string> | readonly string[],
): Promise<Finding> {
  const check = 'stray files'
  const { folder: uploads, incoming } = layoutOf(dataDir).uploads
  const stray = await olderThan(incoming, isRunning ? ABANDONED_MS : 0)
  const until = new Date(Date.now() - (isRunning ? YOUNG_MS : 0))
  for await (const key of straysOf(until)) stray.push(key)
  if (stray.length > 0) {
    return warning(
      check,
      `Files in ${uploads} belong to no import: ${some(stray)}.`,
      'Nothing is wrong; the service deletes them after RETENTION_DAYS. If there are many, is this the newest database?',
    )
  }
  const drafts = isRunning ? [] : (await namesIn(dataDir)).filter((name) => isLeftover(name))
  if (drafts.length > 0) {
    return warning(
      check,
      `A process that was killed has left files in ${dataDir}: ${some(drafts)}.`,
      'Remove them while no service runs.',
    )
  }
  return ok(check, 'There are none.')
}

async function olderThan(folder: string, ms: number): Promise<string[]> {
  const old: string[] = []
  for (const name of await namesIn(folder)) {
    const found = await statOf(join(folder, name))
    if (found?.isFile() && found.mtimeMs <= Date.now() - ms) old.push(name)
  }
  return old
}

export const statOf = (path: string): Promise<Stats | undefined> =>
  stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
