import { fileURLToPath } from 'node:url'

// What lies beside the program's code, in src/ as in dist/, where all modules are in few files at the top
// (scripts/build.js): so paths to it are built here alone.

export const PACKAGE_JSON = new URL('../package.json', import.meta.url)

/** The folder of the SQL migrations. */
export const MIGRATIONS = fileURLToPath(new URL('db/migrations', import.meta.url))

/** What `scripts/build.js` builds from `console/`. */
export const CONSOLE = new URL('../dist/console/', import.meta.url)

/** The worker's thread, once it is built. */
export const WORKER = new URL('worker-thread.js', import.meta.url)
