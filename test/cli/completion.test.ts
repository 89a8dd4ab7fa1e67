import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { intake } from '../support/cli.js'
import { temporaryFolder } from '../support/service.js'

const run = promisify(execFile)

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  await writeFile(join(folder.path, 'records.jsonl'), '')
})
afterAll(() => folder.remove())

/** What each shell is made to print: the completions of the last word, one a line. */
const shells = {
  bash: (script: string, words: readonly string[]) => [
    'bash',
    '--norc',
    '-c',
    `source ${script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _intake; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    ...words,
  ],
  // Outside of its line editor, with its own functions replaced by ones that print.
  zsh: (script: string, words: readonly string[]) => [
    'zsh',
    '-f',
    '-c',
    `compdef() {}; compadd() { shift; print -l -- "$@" }; _files() { print -l -- *(N) }
     _describe() { local name; eval 'for name in "\${'$argv[-1]'[@]}"; do print -r -- "\${name%%:*}"; done' }
     source ${script}; words=("$@"); CURRENT=$#; _intake`,
    'zsh',
    ...words,
  ],
  fish: (script: string, words: readonly string[]) => [
    'fish',
    '--no-config',
    '-c',
    `source ${script}; complete -C "${words.join(' ')}"`,
  ],
} as const

describe.each(Object.keys(shells) as (keyof typeof shells)[])('intake completion %s', (shell) => {
  const isThere = ['/bin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'].some((path) =>
    existsSync(join(path, shell)),
  )

  /** Those that begin with the last word, which zsh itself sees to. */
  async function completed(...words: string[]): Promise<string[]> {
    const [command = '', ...args] = shells[shell](join(folder.path, shell), ['intake', ...words])
    const { stdout } = await run(command, args, { cwd: folder.path })
    const found = stdout.split('\n').map((line) => line.split('\t')[0] ?? '')
    return found.filter((word) => word !== '' && word.startsWith(words.at(-1) ?? ''))
  }

  test.runIf(isThere)('completes commands, options, choices, files and @latest', async () => {
    const { code, stdout, stderr } = await intake(['completion', shell])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await writeFile(join(folder.path, shell), stdout)

    expect(await completed('')).toEqual(expect.arrayContaining(['serve', 'import', 'imports', 'keys']))
    expect((await completed('im')).sort()).toEqual(['import', 'imports'])
    expect(await completed('imports', 'wat')).toEqual(['watch'])
    expect(await completed('imports', 'watch', '')).toContain('@latest')
    expect(await completed('imports', 'list', '--sta')).toEqual(['--status'])
    expect(await completed('import', '--on-conflict', 's')).toEqual(['skip'])
    expect(await completed('import', '--fixes', '')).toContain('@latest')
    expect(await completed('import', 'rec')).toEqual(['records.jsonl'])
    expect(await completed('export', 'pr')).toEqual(['products'])
    expect(await completed('keys', 'list', 'x')).toEqual([])
  })
})

test('intake completion of another shell says which there are', async () => {
  const { code, stderr } = await intake(['completion', 'tcsh'])
  expect(code).toBe(1)
  expect(stderr).toContain('Allowed choices are bash, zsh, fish.')
})
