import { wrap } from './terminal.js'

const GAP = 2

/**
 * What is known of one thing, a fact a line, below what names it. Texts that are long for the terminal are
 * wrapped beside their title, or below it if there is no room beside it. Empty ones are left out.
 *
 * @param width of the terminal; undefined: not one
 * @param shown how a title is shown, without a change of its width
 */
export function drawFacts(
  head: string | undefined,
  facts: readonly (readonly [title: string, text: string])[],
  width: number | undefined,
  shown: (title: string) => string = (title) => title,
): string {
  const known = facts.filter(([, text]) => text !== '')
  const titles = Math.max(0, ...known.map(([title]) => title.length)) + GAP
  const room = width === undefined ? undefined : width - titles
  const lines = known.map(([title, text]) => {
    const words = Math.max(0, ...text.split(' ').map(({ length }) => length))
    if (room !== undefined && words > room) return `${shown(title)}\n${wrap(text, width)}`
    const [first = '', ...others] = wrap(text, room).split('\n')
    const below = others.map((line) => `\n${' '.repeat(titles)}${line}`)
    return `${shown(title)}${' '.repeat(titles - title.length)}${first}${below.join('')}`
  })
  return [...(head === undefined ? [] : [wrap(head, width)]), ...lines].join('\n')
}
