import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { grouped, megabytes } from './format.js'
import { type GenerateOptions, writeRecords, wrongLines } from './generate.js'
import { projectFolder } from './server.js'
import type { Context } from './trial.js'

/** A file to import, and the expected result in a database that has only what it refers to. */
export interface ImportFile extends Outcome {
  readonly path: string
}

export interface Outcome {
  /** How many records of it are added. */
  readonly imported: number
  /** How many errors are reported. */
  readonly errors: number
}

/** A generated file, which is shared by all who ask for it. */
export function generatedFile(context: Context, options: GenerateOptions): Promise<ImportFile> {
  const { folder, progress, signal } = context
  const { records, seed = 1, content = 'mixed' } = options
  const name = `${records}-${content}-${seed}.jsonl`
  return context.once(name, async () => {
    const path = join(folder, name)
    progress.begin(`generating ${grouped(records)} records, ${content}`, records)
    await writeRecords(options, path, { signal, onProgress: (count) => progress.update(count) })
    progress.end(megabytes((await stat(path)).size))
    const errors = content === 'tenth-wrong' ? wrongLines(records) : 0
    return { path, imported: records - errors, errors }
  })
}

/** `examples/mistakes.jsonl` repeated in one file, with a newline after each copy. @returns its path */
export function repeatedMistakes(context: Context, copies: number): Promise<string> {
  const name = `${copies}-mistakes.jsonl`
  return context.once(name, async () => {
    const example = await readFile(mistakes())
    // A byte-order mark counts as one only at the start of a file.
    const plain = example.subarray(example.indexOf('{'))
    const pieces = Array.from({ length: copies - 1 }, () => [Buffer.from('\n'), plain]).flat()
    const path = join(context.folder, name)
    await writeFile(path, Buffer.concat([example, ...pieces]))
    return path
  })
}

/** How many lines `examples/mistakes.jsonl` has. */
export async function mistakesLines(): Promise<number> {
  return (await readFile(mistakes(), 'latin1')).split('\n').length
}

const mistakes = () => join(projectFolder(), 'examples', 'mistakes.jsonl')
