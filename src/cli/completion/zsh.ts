import { type Place, pathOf, pathPattern, quoted, type Values } from './places.js'

/** A script that completes `intake` in zsh, sourced or as a file \`_intake\` of \`$fpath\`. */
export const zshScript = (places: readonly Place[]): string => `#compdef intake
# Completes "intake" in zsh.
_intake() {
  local place='' word i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case "$place/$word" in
      (${pathPattern(places)}) place="$place/$word" ;;
    esac
  done
  case "$place $words[CURRENT-1]" in
${places.flatMap(optionCases).join('\n')}
  esac
  case "$place" in
${places.map(placeCase).join('\n')}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _intake "$@"; else compdef _intake intake; fi
`

const optionCases = ({ words, options }: Place): string[] =>
  options.flatMap(({ names, values }) =>
    values.kind === 'nothing'
      ? []
      : [
          `    (${names.map((name) => quoted(`${pathOf(words)} ${name}`)).join('|')}) ${complete(values)} return ;;`,
        ],
  )

const placeCase = ({ words, commands, options, operands }: Place): string => {
  const names = options.flatMap((option) => option.names.map((name) => described(name, option.description)))
  const below = commands.map(({ name, description }) => described(name, description))
  const others =
    below.length > 0 ? `found=(${below.join(' ')}); _describe command found;` : complete(operands)
  return `    (${quoted(pathOf(words))})
      if [[ $words[CURRENT] == -* ]]; then found=(${names.join(' ')}); _describe -o option found
      else ${others || ':;'} fi ;;`
}

const described = (word: string, description: string): string =>
  quoted(`${word.replaceAll(':', '\\:')}:${description}`)

function complete(values: Values): string {
  if (values.kind === 'words') return `compadd -- ${values.words.map(quoted).join(' ')};`
  if (values.kind === 'file') return '_files;'
  return values.kind === 'folder' ? '_files -/;' : ''
}
