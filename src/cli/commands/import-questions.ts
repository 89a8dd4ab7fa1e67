import { tallyOf } from '../../imports/resource/outcome.js'
import type { ImportResource } from '../../imports/resource/schema.js'
import { counted, number, size } from '../../text/numbers.js'
import type { Server } from '../client/find-server.js'
import type { ImportFile } from '../client/import-file.js'
import { askYes, canAsk } from '../terminal/ask.js'
import { CommandError, missingDatabase } from '../terminal/fail.js'
import type { Reporter } from '../terminal/progress.js'
import { printable } from '../terminal/terminal.js'
import { moment } from '../terminal/times.js'

/** Asks whether a data directory is created. @throws CommandError if nobody agrees; the signal's reason */
export async function agreeToCreate(folder: string, signal: AbortSignal): Promise<void> {
  const sentence = missingDatabase(folder)
  if (!canAsk()) {
    throw new CommandError(
      `${sentence} Give the data directory of the service with --data-dir or DATA_DIR, or --yes to create one there.`,
    )
  }
  const agrees = await askYes(`${sentence} Create one there, and import into it?`, signal)
  if (!agrees) throw new CommandError('Nothing was created, and nothing was imported.')
}

/**
 * Asks whether a file that was imported before is imported again. Where nobody can be asked, it is told once
 * the file has been received.
 *
 * @returns whether somebody could be asked
 * @throws CommandError if nobody agrees; what asking the server throws
 */
export async function agreeToRepeat(
  server: Server,
  file: ImportFile,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<boolean> {
  if (!canAsk() || file.handle === undefined || file.bytes === undefined) return false
  const { earlierImportOf } = await import('../client/same-file.js')
  const all = size(file.bytes)
  const progress = reporter.start('reading', file.bytes)
  const onRead = (bytes: number) => progress.update(bytes, `${size(bytes)} of ${all}`)
  const earlier = await earlierImportOf(server.address, file, onRead, signal)
  reporter.stop()
  if (!earlier) return true
  reporter.say(sentenceAbout(file.name, earlier))
  if (!(await askYes('Import it again?', signal))) throw new CommandError('Nothing was sent.')
  return true
}

function sentenceAbout(name: string, { id, meta }: ImportResource): string {
  const { imported, uploaded } = tallyOf(meta.records)
  const records = `${number(imported)} of its ${counted(uploaded, 'record')}`
  const when = moment(meta.timestamps.created_at)
  return `${printable(name)} was imported before, at ${when}: import ${id}, which has imported ${records}.`
}

/** Says that a file was imported before, where nobody was asked. */
export function sayRepeated(file: ImportFile, { meta }: ImportResource, reporter: Reporter): void {
  if (meta.same_file_as === undefined) return
  reporter.say(`${printable(file.name)} was imported before: import ${meta.same_file_as}.`)
}
