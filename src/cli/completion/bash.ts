import { type Place, pathOf, pathPattern, quoted, type Values } from './places.js'

/** A script that completes `intake` in bash. It needs nothing else, and starts no process. */
export const bashScript = (places: readonly Place[]): string => `# Completes "intake" in bash.
_intake_words() {
  local IFS=$' \\n'
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}
_intake_paths() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen "$1" -- "$current"))
  # Not in the bash of macOS.
  compopt -o filenames 2>/dev/null
}
_intake() {
  local place='' word i
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
  # "--option=value" comes as three words.
  if [[ $current == '=' ]]; then current=''
  elif [[ $before == '=' ]]; then before="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$place/$word" in
      ${pathPattern(places)}) place="$place/$word" ;;
    esac
  done
  COMPREPLY=()
  case "$place $before" in
${places.flatMap(optionCases).join('\n')}
  esac
  case "$place" in
${places.map(placeCase).join('\n')}
  esac
}
complete -F _intake intake
`

/** What an option takes. */
const optionCases = ({ words, options }: Place): string[] =>
  options.flatMap(({ names, values }) =>
    values.kind === 'nothing'
      ? []
      : [
          `    ${names.map((name) => quoted(`${pathOf(words)} ${name}`)).join('|')}) ${complete(values, [])} return ;;`,
        ],
  )

const placeCase = ({ words, commands, options, operands }: Place): string => {
  const names = options.flatMap((option) => option.names)
  const others = complete(
    operands,
    commands.map(({ name }) => name),
  )
  return `    ${quoted(pathOf(words))})
      if [[ $current == -* ]]; then ${fromWords(names)}
      else ${others || ':;'} fi ;;`
}

function complete(values: Values, more: readonly string[]): string {
  const words = [...more, ...(values.kind === 'words' ? values.words : [])]
  if (words.length > 0) return fromWords(words)
  if (values.kind === 'file') return '_intake_paths -f;'
  return values.kind === 'folder' ? '_intake_paths -d;' : ''
}

const fromWords = (words: readonly string[]): string => `_intake_words ${quoted(words.join(' '))};`
