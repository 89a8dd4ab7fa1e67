import { spawn } from 'node:child_process'
import { chmod, chown, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cleanEnvironment, temporaryFolder, untilReady } from './support/service.js'

interface Outcome {
  readonly code: number | null
  readonly output: string
}

const root = join(import.meta.dirname, '..')
const nobody = 65_534
/** An ordinary user: this one, unless it is root. */
const ordinaryUser = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}

const packageJson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  await chmod(folder.path, 0o755)
})
afterAll(() => folder.remove())

/** A new folder of the ordinary user. */
async function aFolder(name: string): Promise<string> {
  const path = join(folder.path, name)
  await mkdir(path)
  if (ordinaryUser.uid !== undefined) await chown(path, ordinaryUser.uid, ordinaryUser.gid)
  return path
}

/** What the ordinary user has in its environment once `npm install -g` was done with this prefix. */
const environmentOf = (home: string) => ({
  ...Object.fromEntries(Object.entries(cleanEnvironment()).filter(([name]) => !name.startsWith('npm_'))),
  HOME: home,
  npm_config_prefix: join(home, 'prefix'),
  PATH: `${join(home, 'prefix', 'bin')}:${process.env.PATH}`,
})

function run(command: string, args: readonly string[], options: object): Promise<Outcome> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/

describe('the package', () => {
  test('carries every library of its own, as the lock file has it', () => {
    expect(packageJson.bundleDependencies).toEqual(Object.keys(packageJson.dependencies))
  })

  test('is installed by an ordinary user, and serves in an empty folder', async (context) => {
    const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder.path], {
      cwd: root,
    })
    expect(packed).toMatchObject({ code: 0 })
    const tarball = join(folder.path, `intake-${packageJson.version}.tgz`)

    const home = await aFolder('home')
    const asUser = { ...ordinaryUser, env: environmentOf(home), cwd: home }
    // npm 12 runs no install scripts in a global installation, unless it is told to; nor does this.
    const quietly = [
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      '--ignore-scripts',
    ]
    const installed = await run('npm', ['install', '-g', ...quietly, tarball], asUser)
    if (installed.code !== 0 && UNREACHABLE.test(installed.output) && process.env.CI !== 'true') {
      context.skip(`The registry cannot be reached: ${installed.output}`)
    }
    expect(installed).toMatchObject({ code: 0 })
    expect(installed.output).not.toContain('EBADENGINE')

    const inEmptyFolder = { ...asUser, cwd: await aFolder('empty') }
    const server = await untilReady(
      spawn('intake', ['serve'], {
        ...inEmptyFolder,
        env: { ...asUser.env, PORT: '0', LOG_LEVEL: 'warn' },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    const examples = join(home, 'prefix', 'lib', 'node_modules', 'intake', 'examples')
    const imported = await run('intake', ['import', join(examples, 'catalogue.jsonl')], inEmptyFolder)
    expect(imported.output).toContain('200')
    expect(imported.code).toBe(0)
    const rehearsed = await run(
      'intake',
      ['import', join(examples, 'mistakes.jsonl'), '--dry-run'],
      inEmptyFolder,
    )
    expect(rehearsed.output).toMatch(/^ {2}intake imports rejected /m)
    const console = await fetch(server.consoleUrl)
    expect([console.status, await console.text()]).toEqual([200, expect.stringContaining('<html')])
    expect(await server.stop()).toBe(0)
    expect(server.stderr()).toBe('')
  })
})
