import { type Place, pathOf, type Values } from './places.js'

/** A script that completes `intake` in fish. */
export const fishScript = (places: readonly Place[]): string => `# Completes "intake" in fish.
function __intake_place
    set -l place ''
    for word in (commandline -opc)[2..-1]
        if contains -- "$place/$word" ${paths(places)}
            set place "$place/$word"
        end
    end
    test "$place" = "$argv[1]"
end
complete -c intake -f
${places.flatMap(linesOf).join('\n')}
`

const paths = (places: readonly Place[]): string =>
  places
    .filter(({ words }) => words.length > 0)
    .map(({ words }) => quoted(pathOf(words)))
    .join(' ')

function linesOf({ words, commands, options, operands }: Place): string[] {
  const here = `complete -c intake -n ${quoted(`__intake_place ${quoted(pathOf(words))}`)}`
  return [
    ...commands.map(({ name, description }) => `${here} -a ${quoted(name)} -d ${quoted(description)}`),
    ...options.map(
      ({ names, description, values }) =>
        `${here} ${names.map(flag).join(' ')}${taking(values)} -d ${quoted(description)}`,
    ),
    ...(operands.kind === 'words' ? [`${here} -a ${quoted(operands.words.join(' '))}`] : []),
    ...(operands.kind === 'file' || operands.kind === 'folder' ? [`${here} -F`] : []),
  ]
}

const flag = (name: string): string =>
  name.startsWith('--') ? `-l ${quoted(name.slice(2))}` : `-s ${quoted(name.slice(1))}`

const TAKING = { nothing: '', text: ' -x', file: ' -r -F', folder: ' -x -a "(__fish_complete_directories)"' }

const taking = (values: Values): string =>
  values.kind === 'words' ? ` -x -a ${quoted(values.words.join(' '))}` : TAKING[values.kind]

/** As fish reads it: only a backslash and the quote itself are escaped. */
const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`
