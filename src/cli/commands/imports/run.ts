import { controlImport } from '../../client/client.js'
import type { ServerCommandFlags } from '../../client/server-command.js'
import { commandLine } from '../../terminal/program.js'
import { atImport, ofImport, printJson, printNext } from './command.js'
import { follow } from './show.js'

/** `intake imports run` */
export const run = () =>
  ofImport('run', 'run a rehearsal for real, with the file that the service has; follow it, and report')
    .option('--no-watch', 'exit as soon as the import has been created')
    .action((given: string, flags: ServerCommandFlags & { readonly watch: boolean }) =>
      atImport(flags, given, async (server, id, signal) => {
        const created = await controlImport(server.address, id, 'run', signal)
        if (flags.watch) return await follow(server, created, flags, signal)
        if (flags.json) printJson(created)
        else {
          const when = server.isOwn ? 'runs while `intake serve` runs' : 'is running now'
          printNext(
            `Import ${created.id} ${when}.`,
            'This follows it to its end:',
            commandLine(flags, 'imports', 'watch', created.id),
            flags,
          )
        }
        return 0
      }),
    )
