import { readdirSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { intakeJson } from '../support/cli.js'
import { type ServeProcess, serve, temporaryFolder } from '../support/service.js'
import { readPage, type Step } from './blocks.js'
import { openShell, type Printed, type Shell } from './shell.js'

// The commands of the documentation, run in their order in a fresh folder, beside a fresh service. Instead of
// the ids, secrets and the port that a page shows, they are given those of this run, as a reader would do.

const GUIDE = [
  'README',
  'import-file',
  'importing',
  'catalogue',
  'subscriptions',
  'lists-and-filters',
  'tenants',
  'errors',
]

const OPERATIONS = readdirSync(fileURLToPath(new URL('../../docs/operations', import.meta.url))).map(
  (name) => `operations/${name.replace(/\.md$/, '')}`,
)

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const SECRET = /intake_(?:[a-z]+_)?…/g
const DOCUMENTED = '127.0.0.1:8080'

describe.each([
  { name: 'README', pages: ['README.md'], notRun: 2 },
  { name: 'The guide', pages: GUIDE.map((page) => `docs/guide/${page}.md`), notRun: 0 },
])('$name', ({ pages, notRun }) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let server: ServeProcess
  let reader: Reader
  beforeAll(async () => {
    folder = await temporaryFolder()
    await symlink(fileURLToPath(new URL('../../examples', import.meta.url)), join(folder.path, 'examples'))
    server = await serve({ DATA_DIR: join(folder.path, 'data') })
    reader = new Reader(server, folder.path)
  })
  afterAll(async () => {
    await reader.close()
    await server.stop()
    await folder.remove()
  })

  const read = pages.map((path) => ({ path, ...readPage(path) }))

  test.each(
    read.flatMap(({ path, steps }) => steps.map((step) => ({ place: `${path}:${step.line}`, ...step }))),
  )('$place: $commands.0', async (step) => reader.follow(step))

  test(`has ${notRun} blocks that are not run`, () => {
    expect(read.flatMap((page) => page.notRun)).toHaveLength(notRun)
  })
})

test('What is not run on the other pages is marked as such', () => {
  const others = ['performance', 'webhooks', 'console', 'security', 'architecture', ...OPERATIONS]
  const read = others.map((page) => readPage(`docs/${page}.md`))
  expect(read.flatMap(({ steps }) => steps)).toEqual([])
  expect(read.flatMap((page) => page.notRun)).toHaveLength(15)
})

/** Somebody who types what the pages say. */
class Reader {
  readonly #server: ServeProcess
  #api: Api
  readonly #shell: Shell
  readonly #environment: Readonly<Record<string, string>>
  /** The ids of this run by those of the pages. */
  readonly #ids = new Map<string, string>()
  #printed = ''
  #heading = ''

  constructor(server: ServeProcess, folder: string) {
    this.#server = server
    this.#api = new Api(server.url, server.apiKey)
    this.#environment = { DATA_DIR: join(folder, 'data') }
    this.#shell = openShell(folder)
  }

  async follow({ heading, commands, shown }: Step): Promise<void> {
    if (heading !== this.#heading) await this.#turnTo(heading)
    let text = ''
    for (const command of commands) {
      const printed = await this.#type(command)
      expect(printed.code, printed.text).toBe(codeOf(printed))
      text += printed.text
    }
    if (shown) this.#compare(shown, text)
  }

  close(): Promise<void> {
    return this.#shell.close()
  }

  /** README has a section "in an empty store", and goes on in the one of before. */
  async #turnTo(heading: string): Promise<void> {
    if (heading === 'Rehearse, fix, import') {
      await intakeJson(['stores', 'create', 'empty'], this.#environment)
      const { api_key } = await intakeJson(['keys', 'create', '--store', 'empty'], this.#environment)
      this.#api = new Api(this.#server.url, api_key)
      await this.#shell.run(`API_KEY=${api_key}`)
    } else if (this.#heading === 'Rehearse, fix, import') {
      this.#api = new Api(this.#server.url, this.#server.apiKey)
      await this.#shell.run('API_KEY=$(cat data/api-key)')
    }
    this.#heading = heading
  }

  async #type(command: string): Promise<Printed> {
    const { host } = new URL(this.#server.url)
    const typed = (await this.#withOwnIds(command))
      .replaceAll(DOCUMENTED, host)
      .replaceAll(SECRET, (secret) => this.#lastSecret(secret.slice(0, -1)))
    const { code, text } = await this.#shell.run(typed)
    if (text) this.#printed = text
    await this.#letImportsEnd()
    const [, id] = /"id":"([^"]+)","type":"subscription_import"/.exec(text) ?? []
    // "$ID stands for the id of the import posted last."
    if (id && /"status":"pending"/.test(text)) await this.#shell.run(`ID=${id}`)
    return { code, text: text.replaceAll(host, DOCUMENTED) }
  }

  /** An id of an import that the page has not shown before is that of the last one. */
  async #withOwnIds(command: string): Promise<string> {
    for (const [id] of command.matchAll(ID)) {
      if (this.#ids.has(id) || !/^npx intake imports /.test(command)) continue
      const { body } = await this.#api.get('/subscriptions/imports?page[limit]=1')
      this.#ids.set(id, body.data[0].id)
    }
    return command.replace(ID, (id) => this.#ids.get(id) ?? id)
  }

  #lastSecret(beginning: string): string {
    const [secret] = new RegExp(`${beginning}[-\\w]+`).exec(this.#printed) ?? []
    if (secret === undefined)
      throw new Error(`Nothing that begins with ${beginning} was printed:\n${this.#printed}`)
    return secret
  }

  async #letImportsEnd(): Promise<void> {
    await expect
      .poll(
        async () => {
          const path = '/subscriptions/imports?filter=in(status,pending,started)'
          return (await this.#api.get(path)).body.meta.results.total
        },
        { interval: 20, timeout: 60_000 },
      )
      .toBe(0)
  }

  /** Apart from white space, ids, secrets and times, what is printed is what the page shows. */
  #compare({ text, isWhole }: { text: string; isWhole: boolean }, printed: string): void {
    const ids: string[] = []
    const source = text
      .replace(/\s+/g, '')
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(ID, (id) => {
        ids.push(id)
        return this.#ids.get(id) ?? '([-0-9a-f]{36})'
      })
      .replace(/\d{4}-\d\d-\d\dT[\d:]{8}\\\.\d+Z/g, '[-\\d]{10}T[:.\\d]+Z')
      .replace(/\d{4}-\d\d-\d\d\d\d:\d\d/g, '[-\\d]{10}[:\\d]{5}')
      .replace(/(?<=expires":)\d{10}/, '\\d{10}')
      .replaceAll('…', '[^]*?')
    const pattern = new RegExp(isWhole ? `^${source}$` : source)
    const found = pattern.exec(printed.replace(/\s+/g, ''))
    if (!found) expect(printed).toBe(text)
    const fresh = [...new Set(ids.filter((id) => !this.#ids.has(id)))]
    for (const [index, id] of ids.filter((id) => fresh.includes(id)).entries()) {
      this.#ids.set(id, found?.[index + 1] ?? id)
    }
  }
}

/** What the guide says of exit codes: 2 where lines were rejected, 1 where some are not valid. */
function codeOf({ text }: Printed): number {
  if (/ records of \S+ (would be|were) imported; \d+ (would be|were) rejected\./.test(text)) return 2
  return / records of \S+ are valid; \d+ are not\./.test(text) ? 1 : 0
}
