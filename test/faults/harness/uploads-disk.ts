import { execFile } from 'node:child_process'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How much room there is for uploads, if they can have their own file system. */
const UPLOAD_MIB = 256

/** The uploads folder, on its own file system if this user may mount one. */
export class UploadsDisk {
  private constructor(
    readonly folder: string,
    /** Where its file system is permanently mounted; undefined: it has none of its own. */
    readonly disk: string | undefined,
  ) {}

  /** @param folder which is created @param disk a place for a file system */
  static async mount(folder: string, disk: string): Promise<UploadsDisk> {
    for (const place of [folder, disk]) await mkdir(place, { recursive: true, mode: 0o700 })
    const options = `size=${UPLOAD_MIB}m,mode=700`
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk])
      .then(() => run('mount', ['--bind', disk, folder]))
      .then(
        () => true,
        () => false,
      )
    return new UploadsDisk(folder, mounted ? disk : undefined)
  }

  /** The keys of the files, complete ones, and the names of those still being received. */
  async files(): Promise<{ whole: string[]; incoming: string[] }> {
    const whole = (await readdir(this.folder)).flatMap((name) => /^(.+)\.jsonl$/.exec(name)?.[1] ?? [])
    return { whole: whole.sort(), incoming: await readdir(join(this.folder, 'incoming')) }
  }

  async removeFiles(): Promise<void> {
    const { whole } = await this.files()
    for (const key of whole) await rm(join(this.folder, `${key}.jsonl`), { force: true })
  }

  /** Removes the folder while `use` runs: an unmounted disk, or a renamed folder, leaves an empty one. */
  async away(use: () => Promise<void>): Promise<void> {
    await this.#takeAway()
    try {
      await use()
      const strays = await readdir(this.folder)
      if (strays.length > 0) throw new Error(`In place of the uploads that were away, there are ${strays}.`)
    } finally {
      await this.#putBack()
    }
  }

  async #takeAway(): Promise<void> {
    // Lazily, since files in it are open, as they may be when a network disk disappears.
    if (this.disk !== undefined) await run('umount', ['-l', this.folder])
    else {
      await rename(this.folder, `${this.folder}.away`)
      await mkdir(this.folder, { mode: 0o700 })
    }
  }

  async #putBack(): Promise<void> {
    if (this.disk !== undefined) await run('mount', ['--bind', this.disk, this.folder])
    else {
      await rmdir(this.folder)
      await rename(`${this.folder}.away`, this.folder)
    }
  }

  /**
   * Leaves room for so many bytes of uploads while `use` runs: by filling the file system, or, where they
   * have none of their own, by a limit of the process.
   */
  async starved(pid: number, freeBytes: number, use: () => Promise<void>): Promise<void> {
    if (this.disk === undefined) {
      await run('prlimit', ['--pid', String(pid), `--fsize=${freeBytes}:`])
      await use().finally(() => run('prlimit', ['--pid', String(pid), '--fsize=unlimited:']))
      return
    }
    const filler = join(this.disk, 'filler')
    const { stdout } = await run('df', ['--output=avail', '-B1', this.disk])
    const bytes = Number(stdout.split('\n')[1]) - freeBytes
    await run('fallocate', ['-l', String(Math.max(1, bytes)), filler]).catch(() => {})
    await use().finally(() => rm(filler, { force: true }))
  }

  async end(): Promise<void> {
    if (this.disk === undefined) return
    for (const place of [this.folder, this.disk]) await run('umount', ['-l', place]).catch(() => {})
  }
}
