import { importedRecords, importFile, runImport } from '../client.js'
import { type CpuReadings, watchCpu } from '../cpu.js'
import { checkpoint } from '../database.js'
import { generatedFile, type ImportFile, mistakesLines, type Outcome, repeatedMistakes } from '../files.js'
import type { GenerateOptions } from '../generate.js'
import { nodePeakMemory, watchPostgresMemory } from '../memory.js'
import type { Server } from '../server.js'
import type { Context, Trial } from '../trial.js'

/** The duration of an import, as a client sees it. */
export interface ImportReadings extends CpuReadings {
  /** From the first byte of the POST until a GET says that it has ended. */
  readonly seconds: number
  /** From the first byte of the POST until the 201. */
  readonly uploadSeconds: number
  readonly nodePeakBytes: number | undefined
  readonly postgresPeakBytes: number | undefined
}

/** An import into an empty database. */
export const importTrial = (options: GenerateOptions, name = 'import'): Trial<ImportReadings> =>
  trialOf(name, options.records, (context) => generatedFile(context, options))

/** An import into a database that has imported another file before. */
export const importAfter = (
  name: string,
  before: GenerateOptions,
  options: GenerateOptions,
): Trial<ImportReadings> =>
  trialOf(
    name,
    options.records,
    (context) => generatedFile(context, options),
    (context) => generatedFile(context, before),
  )

/** An import of a file that was imported before, so that none of its records can be added. */
export const repeatedImport = (name: string, options: GenerateOptions): Trial<ImportReadings> =>
  trialOf(
    name,
    options.records,
    async (context) => {
      const file = await generatedFile(context, options)
      return { ...file, imported: 0, errors: file.imported }
    },
    (context) => generatedFile(context, options),
  )

/** An import of `examples/mistakes.jsonl`, repeated to fill a number of lines. */
export const mistakesImport = (name: string, lines: number): Trial<ImportReadings> =>
  trialOf(name, lines, async (context) => {
    const copies = Math.ceil(lines / (await mistakesLines()))
    return { path: await repeatedMistakes(context, copies), ...(await mistakesOutcome(context, copies)) }
  })

/**
 * The expected result of several copies in one file: each after the first has the outcome of a second import
 * of the first.
 */
function mistakesOutcome(context: Context, copies: number): Promise<Outcome> {
  return context.once(`the outcome of ${copies} times the mistakes`, async () => {
    const path = await repeatedMistakes(context, 1)
    return context.withEmptyServer(async (server) => {
      const [first, other] = [await outcomeOf(server, path, context), await outcomeOf(server, path, context)]
      return {
        imported: first.imported + (copies - 1) * other.imported,
        errors: first.errors + (copies - 1) * other.errors,
      }
    })
  })
}

async function outcomeOf(server: Server, path: string, context: Context): Promise<Outcome> {
  const { done } = await runImport(server, path, context)
  return { imported: importedRecords(done), errors: done.meta.errors }
}

type File = (context: Context) => Promise<ImportFile>

const trialOf = (name: string, records: number, file: File, before?: File): Trial<ImportReadings> => ({
  name,
  records,
  async prepare(context) {
    await before?.(context)
    await file(context)
  },
  measure: (context) =>
    context.withEmptyServer(async (server) => {
      if (before) await importFile(server, await before(context), context)
      await checkpoint(server)
      const measured = await file(context)
      const cpu = await watchCpu({ node: [server.pid], postgres: [server.postgresPid] })
      const { result, peak } = await watchPostgresMemory(server.postgresPid, () =>
        importFile(server, measured, context),
      )
      const memory = { nodePeakBytes: await nodePeakMemory(server), postgresPeakBytes: peak }
      return { ...result, ...(await cpu.since()), ...memory }
    }),
})
