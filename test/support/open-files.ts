import { readdirSync, readlinkSync } from 'node:fs'

/** The paths of the files that a process has open; none where there is no /proc. */
export function openFiles(pid: number | undefined): string[] {
  try {
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).flatMap((name) => linkOf(`${folder}/${name}`))
  } catch {
    return []
  }
}

/** Empty if it was closed meanwhile. */
function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)]
  } catch {
    return []
  }
}
