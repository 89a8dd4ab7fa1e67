import { requestUndo, runImport, waitForUndo } from '../client.js'
import { checkpoint } from '../database.js'
import { generatedFile } from '../files.js'
import { grouped } from '../format.js'
import type { Trial } from '../trial.js'

/** The undo of an import, from the POST until a GET says that it has ended. */
export const undoTrial = (records: number): Trial<{ readonly seconds: number }> => ({
  name: 'undo of an import',
  records,
  prepare: async (context) => {
    await generatedFile(context, { records })
  },
  measure: (context) =>
    context.withEmptyServer(async (server) => {
      const { path, imported } = await generatedFile(context, { records })
      const { done } = await runImport(server, path, context)
      await checkpoint(server)
      const { signal, progress } = context
      const start = performance.now()
      await requestUndo(server, done.id, signal)
      const removed = await waitForUndo(server, done.id, signal, (count) => progress.update(count))
      const seconds = (performance.now() - start) / 1000
      if (removed !== imported) {
        throw new Error(`${grouped(removed)} records were removed; there were to be ${grouped(imported)}.`)
      }
      return { seconds }
    }),
})
