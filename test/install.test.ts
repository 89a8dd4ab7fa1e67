import { execFile, spawn } from 'node:child_process'
import { access, chmod, chown, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commandOf, type Instruction, stagesOf } from './support/dockerfile.js'
import { cleanEnvironment, temporaryFolder, untilReady } from './support/service.js'

interface Outcome {
  readonly code: number | null
  readonly output: string
}

interface User {
  readonly uid?: number
  readonly gid?: number
}

const root = join(import.meta.dirname, '..')
/** An ordinary user: this one, unless it is root. */
const ordinaryUser: User = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  await chmod(folder.path, 0o755)
})
afterAll(() => folder.remove())

function run(command: string, options: object): Promise<Outcome> {
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], ...options })
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

/** The environment of this process, without the variables of npm and our settings. */
const ownEnvironment = (): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.entries(cleanEnvironment()).filter(([name]) => !name.startsWith('npm_'))),
  npm_config_prefer_offline: 'true',
  npm_config_update_notifier: 'false',
})

const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/

/** A stage of a Dockerfile, with its folders under one of ours and its commands run on this machine. */
class Stage {
  readonly environment: Record<string, string | undefined>
  user: User = {}
  cwd = folder.path

  constructor(environment: Record<string, string | undefined>) {
    this.environment = environment
  }

  /** @param skip called if a command fails because the registry is unreachable, except in CI */
  async follow(instructions: readonly Instruction[], skip: (reason: string) => void): Promise<void> {
    for (const { name, value } of instructions) {
      if (name === 'USER') this.user = ordinaryUser
      else if (name === 'WORKDIR') await this.#enter(ours(value))
      else if (name === 'ENV') this.#set(value)
      else if (name === 'COPY') await this.#copy(value)
      else if (name === 'RUN') {
        const outcome = await run(value, this.options)
        const isAway = outcome.code !== 0 && UNREACHABLE.test(outcome.output)
        if (isAway && process.env.CI !== 'true') skip(`The registry cannot be reached: ${outcome.output}`)
        expect(outcome, value).toMatchObject({ code: 0 })
        expect(outcome.output).not.toContain('EBADENGINE')
      } else if (!['FROM', 'VOLUME', 'EXPOSE', 'HEALTHCHECK', 'CMD'].includes(name)) {
        throw new Error(`${name} is not understood`)
      }
    }
  }

  get options() {
    return { ...this.user, env: this.environment, cwd: this.cwd }
  }

  async #enter(path: string): Promise<void> {
    await mkdir(path, { recursive: true })
    const { uid, gid } = this.user
    if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
    this.cwd = path
  }

  #set(value: string): void {
    const [, name = '', text = ''] = /^(\w+)=(.*)$/.exec(value) ?? []
    this.environment[name] = ours(text).replace('$PATH', String(process.env.PATH))
  }

  async #copy(value: string): Promise<void> {
    if (value === '. .') {
      const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], { cwd: root })
      for (const file of stdout.split('\0').filter((name) => name !== '')) {
        await cp(join(root, file), join(this.cwd, file))
      }
      return
    }
    const [, from = '', to = ''] = /^(?:--\S+ +)*(\S+) (\S+)$/.exec(value) ?? []
    expect(await run(`cp ${ours(from)} ${to}`, { cwd: this.cwd })).toMatchObject({ code: 0 })
  }
}

/** A text with the image's folders replaced by those here. */
const ours = (text: string): string => text.replace(/\/(?=build\b|home\/node\b)/g, `${folder.path}/`)

describe('the package', () => {
  test('includes all of its libraries, as in the lock file', async () => {
    const { dependencies, bundleDependencies } = JSON.parse(
      await readFile(join(root, 'package.json'), 'utf8'),
    )
    expect(bundleDependencies).toEqual(Object.keys(dependencies))
  })

  test("is built and installed by an ordinary user and serves, with the Dockerfile's commands", async (context) => {
    const stages = await stagesOf(join(root, 'deploy', 'Dockerfile'))
    const [build = [], image = []] = stages
    expect(stages).toHaveLength(2)
    const skip = (reason: string) => context.skip(reason)
    await new Stage(ownEnvironment()).follow(build, skip)
    const stage = new Stage({
      ...ownEnvironment(),
      HOME: join(folder.path, 'home', 'node'),
      // npm 12 runs no install scripts in a global installation, unless it is told to; nor does this.
      npm_config_ignore_scripts: 'true',
    })
    await stage.follow(image, skip)
    const [healthcheck, command] = ['HEALTHCHECK', 'CMD'].map((name) =>
      image
        .filter((each) => each.name === name)
        .map(commandOf)
        .join(),
    )
    const isHealthy = () => run(String(healthcheck), stage.options)

    const server = await untilReady(
      spawn('/bin/sh', ['-c', `exec ${command}`], {
        ...stage.options,
        env: { ...stage.environment, PORT: '0', LOG_LEVEL: 'warn' },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    stage.environment.PORT = new URL(server.url).port
    expect(await isHealthy()).toEqual({ code: 0, output: '' })
    const console = await fetch(server.consoleUrl)
    expect([console.status, await console.text()]).toEqual([200, expect.stringContaining('<html')])

    const examples = join(folder.path, 'home/node/prefix/lib/node_modules/intake/examples')
    const imported = await run(`intake import ${examples}/catalogue.jsonl`, stage.options)
    expect(imported.output).toContain('All 219 records of catalogue.jsonl were imported.')
    const mistakes = await run(`intake import ${examples}/mistakes.jsonl --dry-run`, stage.options)
    expect(mistakes.output).toMatch(/^ {2}intake imports rejected /m)
    expect(await server.stop()).toBe(0)
    expect(server.stderr()).toBe('')
    expect((await isHealthy()).code).toBe(1)
    // npm installs everything twice, which takes a minute of CPU time.
  }, 900_000)
})

const analyzer = '/usr/bin/systemd-analyze'
const hasAnalyzer = await access(analyzer).then(
  () => true,
  () => false,
)

test.runIf(hasAnalyzer)('the unit for systemd is one that systemd understands', async () => {
  const unit = await readFile(join(root, 'deploy', 'intake.service'), 'utf8')
  const copy = join(folder.path, 'intake.service')
  // The check requires that the command exists; it need not be installed here.
  await writeFile(copy, unit.replace('ExecStart=intake', `ExecStart=${join(root, 'dist/cli.js')}`))
  expect(await run(`${analyzer} verify ${copy}`, {})).toEqual({ code: 0, output: '' })
})
