import { join } from 'node:path'
import { checkImport, postImport, runImport, waitForEnd } from '../client.js'
import { checkpoint } from '../database.js'
import { generatedFile } from '../files.js'
import { withProgram } from '../program.js'
import type { CopyAnswer, CopyQuestion } from '../programs/copy.js'
import type { Server } from '../server.js'
import { median } from '../statistics.js'
import { withTempFolder } from '../temp-folder.js'
import type { Context, Trial } from '../trial.js'

/** How many times the file is uploaded, and copied, after one that does not count. */
const TURNS = 3

interface Readings {
  readonly uploadSeconds: number
  readonly copySeconds: number
}

/**
 * An upload until its 201, and the same bytes copied by Node's streams and synced, both by processes that
 * have done it before.
 */
export const uploadTrial = (records: number): Trial<Readings> => ({
  name: 'the 201 of an upload',
  records,
  async prepare(context) {
    await generatedFile(context, { records, content: 'referenced' })
  },
  async measure(context) {
    const file = await generatedFile(context, { records, content: 'referenced' })
    return context.withEmptyServer((server) =>
      withTempFolder((folder) =>
        withProgram<CopyQuestion, CopyAnswer, Readings>('copy', async (copier) => {
          const copy = async (turn: number) =>
            (await copier.ask({ from: file.path, to: join(folder, `${turn}.jsonl`) })).seconds
          checkImport((await runImport(server, file.path, context)).done, file)
          await copy(0)
          const took: { upload: number; copy: number }[] = []
          for (let turn = 1; turn <= TURNS; turn += 1) {
            took.push({ upload: await upload(server, file.path, context), copy: await copy(turn) })
          }
          return {
            uploadSeconds: median(took.map((one) => one.upload)),
            copySeconds: median(took.map((one) => one.copy)),
          }
        }),
      ),
    )
  },
})

/**
 * Posts the file, and waits until the job has ended, so that nothing else runs during the next measurement.
 */
async function upload(server: Server, path: string, { signal, progress }: Context): Promise<number> {
  await checkpoint(server)
  const start = performance.now()
  const { id } = await postImport(server, path, signal)
  const seconds = (performance.now() - start) / 1000
  await waitForEnd(server, id, signal, (records) => progress.update(records))
  return seconds
}
