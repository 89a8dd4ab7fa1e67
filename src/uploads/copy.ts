import { constants } from 'node:fs'
import { copyFile, link, open, rename, rm } from 'node:fs/promises'

/** What file systems without hard links answer (FAT, some network folders), or to one link too many. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EACCES']

/**
 * Gives a complete file a second name. Where there are no hard links, the second one is a copy.
 *
 * @param draft where the copy is written: under its name it is complete and durable.
 */
export async function linkOrCopy(from: string, to: string, draft: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await copyWhole(from, to, draft)
  }
}

async function copyWhole(from: string, to: string, draft: string): Promise<void> {
  try {
    await copyFile(from, draft, constants.COPYFILE_EXCL)
    const file = await open(draft, 'r+')
    await file.sync().finally(() => file.close())
    await rename(draft, to)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
