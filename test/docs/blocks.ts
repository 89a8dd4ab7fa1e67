import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Commands of a page, with what they print as the page shows it, whole (`…` apart) or as a part. */
export interface Step {
  readonly line: number
  readonly heading: string
  readonly commands: readonly string[]
  readonly shown: { readonly text: string; readonly isWhole: boolean } | undefined
}

export interface Page {
  readonly steps: readonly Step[]
  /**
   * The lines of the blocks that are marked `not-run`: they need a clean clone, another host, or much time.
   */
  readonly notRun: readonly number[]
}

interface Block {
  readonly line: number
  readonly heading: string
  readonly info: string
  readonly lines: readonly string[]
}

/** A page of the documentation, by its path from the root, as somebody reads it who types every command. */
export function readPage(path: string): Page {
  const steps: Step[] = []
  const notRun: number[] = []
  /** The block of commands that a following block may show the output of. */
  let last: Step | undefined
  for (const block of blocksOf(
    readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8'),
  )) {
    if (block.info.endsWith(' not-run')) {
      notRun.push(block.line)
      last = undefined
    } else if (block.info === 'sh') {
      steps.push(...stepsOf(block))
      last = steps.at(-1)
    } else if (block.lines[0]?.startsWith('$ ')) {
      steps.push(...sessionOf(block))
      last = undefined
    } else if (last && last.heading === block.heading && last.shown === undefined) {
      steps.pop()
      steps.push({ ...last, shown: { text: block.lines.join('\n'), isWhole: true } })
      last = undefined
    }
  }
  return { steps, notRun }
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let heading = ''
  let open: { line: number; heading: string; info: string; lines: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const [, info] = /^```(.*)$/.exec(line) ?? []
    if (open && info !== undefined) {
      blocks.push(open)
      open = undefined
    } else if (open) open.lines.push(line)
    else if (info !== undefined) open = { line: index + 1, heading, info, lines: [] }
    else heading = /^#+ (.*)/.exec(line)?.[1] ?? heading
  }
  return blocks
}

/** A `sh` block. Comments on lines of their own that follow a command show a part of what it prints. */
function stepsOf({ line, heading, lines }: Block): Step[] {
  const steps: Step[] = []
  let commands: string[] = []
  let shown: string[] = []
  const end = () => {
    const text = shown.join('…')
    if (commands.length > 0)
      steps.push({ line, heading, commands, shown: text ? { text, isWhole: false } : undefined })
    commands = []
    shown = []
  }
  for (const command of commandsOf(lines)) {
    const [, comment] = /^# (.*)/.exec(command) ?? []
    if (comment !== undefined && commands.length > 0) shown.push(comment)
    else {
      if (shown.length > 0) end()
      if (comment === undefined) commands.push(command)
    }
  }
  end()
  return steps
}

/** A session at a prompt: each line after `$` is a command, and what follows is its output. */
function sessionOf({ line, heading, lines }: Block): Step[] {
  return `\n${lines.join('\n')}`
    .split('\n$ ')
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.split('\n')
      const text = output.join('\n')
      return { line, heading, commands: [command], shown: text ? { text, isWhole: true } : undefined }
    })
}

/** Lines put together to whole commands: a here-document, a loop, a quoted text over several lines. */
function commandsOf(lines: readonly string[]): string[] {
  const commands: string[] = []
  let command = ''
  for (const line of lines) {
    command = command ? `${command}\n${line}` : line
    if (isWhole(command)) {
      if (command.trim()) commands.push(command)
      command = ''
    }
  }
  if (command) throw new Error(`There is no end to this command:\n${command}`)
  return commands
}

function isWhole(command: string): boolean {
  const [, end] = /<<'(\w+)'\n/.exec(`${command}\n`) ?? []
  if (end) return command.endsWith(`\n${end}`)
  if (command.startsWith('#')) return true
  const isQuoted = command
    .replace(/'[^']*'/g, '')
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .match(/['"]/)
  const isLoop = /^for /.test(command) && !/\ndone|; done|\ndo .*; done$/.test(command)
  return !isQuoted && !isLoop && !command.endsWith('\\')
}
