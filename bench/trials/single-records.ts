import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { recordTypeOf } from '../../src/records/index.js'
import type { Address } from '../client.js'
import { copiedRows, valuesOfLine } from '../copied-rows.js'
import { checkpoint, withDatabase } from '../database.js'
import { generateRecords } from '../generate.js'
import { withFreshServer } from '../server.js'
import type { Context, Trial } from '../trial.js'

interface Readings {
  readonly seconds: number
}

const CONNECTIONS = 8

/**
 * The records of an import file, posted one by one to the routes of their types over kept connections: first
 * what refers to nothing, then the offerings, then the subscriptions, which refer to those.
 */
export const singlePosts = (records: number): Trial<Readings> => ({
  name: 'one POST a record',
  records,
  async prepare() {},
  async measure(context) {
    const posts = [...generateRecords({ records })].map(toPost)
    const waves = [
      posts.filter(({ path }) => !path.startsWith(OFFERINGS) && path !== SUBSCRIPTIONS),
      posts.filter(({ path }) => path.startsWith(OFFERINGS)),
      posts.filter(({ path }) => path === SUBSCRIPTIONS),
    ]
    return context.withEmptyServer(async (server) => {
      await checkpoint(server)
      const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
      try {
        const start = performance.now()
        for (const wave of waves) await postAll(server, wave, agent, context)
        return { seconds: (performance.now() - start) / 1000 }
      } finally {
        agent.destroy()
      }
    })
  },
})

interface Post {
  readonly path: string
  readonly body: string
}

const OFFERINGS = '/subscriptions/offerings'
const SUBSCRIPTIONS = '/subscriptions/subscriptions'

/** The request that does the same as a line (contract 9). */
function toPost(line: string): Post {
  const { data } = JSON.parse(line) as { data: { type: string; attributes: unknown } }
  const path = `/subscriptions/${recordTypeOf(data.type)?.table}`
  return path === OFFERINGS
    ? { path: `${path}/build`, body: JSON.stringify({ data: data.attributes }) }
    : { path, body: line }
}

async function postAll(
  address: Address,
  posts: readonly Post[],
  agent: Agent,
  { signal, progress }: Context,
): Promise<void> {
  const waiting = posts.values()
  let done = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (const post of waiting) {
        await send(address, post, agent, signal)
        done += 1
        progress.update(done)
      }
    }),
  )
}

/** @throws Error for any answer but 201; AbortError */
async function send({ url, apiKey }: Address, post: Post, agent: Agent, signal: AbortSignal): Promise<void> {
  const sent = request(url + post.path, {
    method: 'POST',
    agent,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    signal,
  })
  sent.end(post.body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const body = await text(response)
  if (response.statusCode !== 201) throw new Error(`${post.path} answered ${response.statusCode}: ${body}`)
}

/**
 * The rows of an import, one INSERT each, in one transaction on one connection: how a script does it with
 * `pg`.
 */
export const singleInserts = (records: number): Trial<Readings> => ({
  name: 'one INSERT a record',
  records,
  async prepare(context) {
    await copiedRows(context, [{ records }])
  },
  async measure(context) {
    const inserts: { statement: string; values: (string | null)[] }[] = []
    for (const { table, path } of await copiedRows(context, [{ records }])) {
      for (const line of (await readFile(path, 'utf8')).split('\n').slice(0, -1)) {
        const values = valuesOfLine(line)
        const parameters = values.map((_, index) => `$${index + 1}`).join(', ')
        inserts.push({ statement: `insert into ${table} values (${parameters})`, values })
      }
    }
    return withFreshServer(async (server) => {
      await checkpoint(server)
      return withDatabase(server, async (client) => {
        const start = performance.now()
        await client.query('begin')
        for (const { statement, values } of inserts) {
          context.signal.throwIfAborted()
          await client.query(statement, values)
        }
        await client.query('commit')
        return { seconds: (performance.now() - start) / 1000 }
      })
    })
  },
})
