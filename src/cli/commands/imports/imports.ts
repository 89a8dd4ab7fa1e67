import { Command } from 'commander'
import { PROGRAM } from '../../terminal/program.js'
import { cancel, retry } from './control.js'
import { changes, kept, rejected, results } from './downloads.js'
import { errors } from './errors.js'
import { list } from './list.js'
import { run } from './run.js'
import { show, watch } from './show.js'
import { undo } from './undo.js'
import { warnings } from './warnings.js'

const HELP = `
In place of an id, @latest is the import that "list" shows first.

Without --url they talk to the server that runs on the data directory, or run
one themselves while they work.

Exit codes:
  0  done
  1  it could not be done, or the import failed ("watch", "run")
  2  lines were rejected ("watch", "run"), or records stay as they are ("undo")

Examples:
  $ ${PROGRAM} imports list --status failed,success
  $ ${PROGRAM} imports watch
  $ ${PROGRAM} imports errors @latest --kinds
  $ ${PROGRAM} imports rejected ID --output fix-me.jsonl
  $ ${PROGRAM} imports cancel ID
  $ ${PROGRAM} imports run @latest
  $ ${PROGRAM} imports undo @latest`

/** `intake imports`: shows and controls imports. */
export const importsCommand = (): Command =>
  new Command('imports')
    .description(
      'list imports, show or follow one, fetch its errors and rejected lines, cancel it, resume it, run a rehearsal for real, undo it',
    )
    .addCommand(list())
    .addCommand(show())
    .addCommand(watch())
    .addCommand(errors())
    .addCommand(warnings())
    .addCommand(rejected())
    .addCommand(results())
    .addCommand(changes())
    .addCommand(cancel())
    .addCommand(retry())
    .addCommand(run())
    .addCommand(undo())
    .addCommand(kept())
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} imports --help" for help.`)
