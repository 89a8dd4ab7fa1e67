import type { Argument, Command, Option } from 'commander'

/** What can follow at a place of a command line. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'folder' | 'text' | 'nothing' }

/** A word with what `--help` says of it. */
interface Described {
  readonly description: string
}

/** A command, as far as a shell completes what follows it. */
export interface Place {
  /** The words that lead to it, without the program: `imports list`. */
  readonly words: readonly string[]
  readonly commands: readonly (Described & { readonly name: string })[]
  /** `names`: `-o` and `--output`. */
  readonly options: readonly (Described & { readonly names: readonly string[]; readonly values: Values })[]
  /** What its arguments can be. */
  readonly operands: Values
}

/** A command and all below it. */
export function placesOf(command: Command, words: readonly string[] = []): Place[] {
  const help = command.createHelp()
  const commands = help.visibleCommands(command)
  return [
    {
      words,
      commands: commands.map((one) => ({ name: one.name(), description: one.description() })),
      options: help.visibleOptions(command).map((option) => ({
        names: [option.short, option.long].filter((name) => name !== undefined),
        description: option.description,
        values: valuesOfOption(option),
      })),
      operands: valuesOfArgument(command.registeredArguments[0]),
    },
    ...command.commands.flatMap((one) => placesOf(one, [...words, one.name()])),
  ]
}

function valuesOfOption(option: Option): Values {
  if (!option.required) return { kind: 'nothing' }
  return valuesOf(option, /<(\w+)>/.exec(option.flags)?.[1])
}

const valuesOfArgument = (argument: Argument | undefined): Values =>
  argument ? valuesOf(argument, argument.name()) : { kind: 'nothing' }

/** @param name that `--help` shows: `<file>` */
function valuesOf({ argChoices, description }: Argument | Option, name: string | undefined): Values {
  if (argChoices) return { kind: 'words', words: argChoices }
  if (name === 'file' || name === 'folder') return { kind: name }
  // What stands for a value: `@latest`.
  const words = description.match(/@\w+/g)
  return words ? { kind: 'words', words } : { kind: 'text' }
}

/** A text in single quotes, as bash and zsh read it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** The words of a place as its script writes it: `/imports/list`. */
export const pathOf = (words: readonly string[]): string => words.map((word) => `/${word}`).join('')

/** A pattern of bash and zsh for the paths of all commands below the program. */
export const pathPattern = (places: readonly Place[]): string =>
  places
    .filter(({ words }) => words.length > 0)
    .map(({ words }) => quoted(pathOf(words)))
    .join('|')
