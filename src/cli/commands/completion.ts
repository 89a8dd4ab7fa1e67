import { Argument, Command } from 'commander'
import { bashScript } from '../completion/bash.js'
import { fishScript } from '../completion/fish.js'
import { type Place, placesOf } from '../completion/places.js'
import { zshScript } from '../completion/zsh.js'
import { PROGRAM } from '../terminal/program.js'
import { outliveOutput } from '../terminal/terminal.js'

const scripts: Readonly<Record<string, (places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

const HELP = `
It completes commands, options, their choices and files of "intake" where that
is on the PATH.

  bash  add to ~/.bashrc:             source <(intake completion bash)
  zsh   add to ~/.zshrc, after        source <(intake completion zsh)
        "autoload -U compinit && compinit":
  fish  once:  intake completion fish > ~/.config/fish/completions/intake.fish`

/**
 * `intake completion`: prints a script for a shell.
 *
 * @param program the whole of it
 */
export const completionCommand = (program: () => Promise<Command>): Command =>
  new Command('completion')
    .description('print the script that completes commands in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} completion --help" for help.`)
    .action(async (shell: string) => {
      outliveOutput()
      process.stdout.write(scripts[shell]?.(placesOf(await program())) ?? '')
    })
