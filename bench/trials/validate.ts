import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { generatedFile } from '../files.js'
import { grouped } from '../format.js'
import { projectFolder } from '../server.js'
import type { Trial } from '../trial.js'

/** The part of what `intake validate --json` prints that says what it has checked. */
interface Validated {
  readonly records: { readonly valid: Readonly<Record<string, number>> }
  readonly errors: number
}

/** `intake validate` of a file, from the start of the process until its end. */
export const validateTrial = (records: number): Trial<{ readonly seconds: number }> => ({
  name: 'intake validate',
  records,
  async prepare(context) {
    await generatedFile(context, { records })
  },
  async measure(context) {
    const { path, imported } = await generatedFile(context, { records })
    const command = join(projectFolder(), 'dist', 'cli.js')
    // Not our own environment: its settings must not change what is measured.
    const env = { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR }
    const start = performance.now()
    const { stdout } = await promisify(execFile)(process.execPath, [command, 'validate', path, '--json'], {
      env,
      signal: context.signal,
    })
    const seconds = (performance.now() - start) / 1000
    const { errors, records: found } = JSON.parse(stdout) as Validated
    const valid = Object.values(found.valid).reduce((sum, count) => sum + count, 0)
    if (valid !== imported || errors !== 0) {
      throw new Error(
        `${grouped(valid)} records are valid, with ${grouped(errors)} errors; ` +
          `there were to be ${grouped(imported)}, with none.`,
      )
    }
    return { seconds }
  },
})
