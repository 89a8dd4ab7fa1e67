import { readFile } from 'node:fs/promises'

/** An instruction of a Dockerfile: `RUN`, and what follows it. */
export interface Instruction {
  readonly name: string
  readonly value: string
}

/** The instructions of each stage of a Dockerfile, without its comments. */
export async function stagesOf(path: string): Promise<Instruction[][]> {
  const text = (await readFile(path, 'utf8')).replace(/^#.*\n/gm, '').replaceAll('\\\n', ' ')
  const stages: Instruction[][] = []
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, name, value] = /^([A-Z]+) +(.*)$/.exec(line) ?? []
    if (!name || !value) throw new Error(`Not understood: ${line}`)
    if (name === 'FROM') stages.push([])
    stages.at(-1)?.push({ name, value })
  }
  return stages
}

/** The command of a CMD or HEALTHCHECK, for a shell. */
export function commandOf({ value }: Instruction): string {
  const command = value.replace(/^(--\S+ +)*(CMD +)?/, '')
  if (!command.startsWith('[')) return command
  return (JSON.parse(command) as string[]).join(' ')
}
