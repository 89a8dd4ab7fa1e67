import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { grouped } from '../format.js'
import { generateRecords } from '../generate.js'
import { importedProducts } from '../products.js'
import { type Server, withServer } from '../server.js'
import { median } from '../statistics.js'
import type { Context, Trial } from '../trial.js'

/** How many products the list has that all others are compared with. */
export const BASE_RECORDS = 1000

const PAGE = 25
const DEEP_OFFSET = 9900

/** Before they are measured, so that both servers have compiled their code and have their data in memory. */
const WARM_UP: Turns = { least: 5, most: 100, seconds: 5 }
const MEASURED: Turns = { least: 15, most: 400, seconds: 20 }
const QUICK: Turns = { least: 5, most: 5, seconds: 5 }

/** How many requests both servers get: at most `most`, and after `least` no longer than `seconds`. */
interface Turns {
  readonly least: number
  readonly most: number
  readonly seconds: number
}

interface Product {
  readonly attributes: { readonly external_ref: string; readonly name: string; readonly sku: string }
}

interface List {
  readonly data: readonly Product[]
  readonly meta: { readonly results: { readonly total: number } }
}

/** A query, and how many products match it. */
interface Question {
  readonly query: Readonly<Record<string, string>>
  readonly total: number
}

/**
 * Two products next to each other from the middle of the list: one has a name of its own, one shares its with
 * others.
 */
interface Sample {
  readonly own: Product['attributes']
  readonly shared: Product['attributes']
}

/** Creates the query of a row, for a list of so many products. */
type Ask = (records: number, sample: Sample) => Question

const eq = (attribute: string, value: string) => ({ filter: `eq(${attribute},${JSON.stringify(value)})` })

/** The row whose query matches a share of all products. */
export const COMMON_NAME = 'list: eq(name) of 1 in 144'

/** The queries, by the names of their rows. */
const questions: readonly (readonly [name: string, ask: Ask])[] = [
  ['list: first page', (total) => ({ query: {}, total })],
  [`list: offset ${grouped(DEEP_OFFSET)}`, (total) => ({ query: offset(DEEP_OFFSET), total })],
  ['list: eq(external_ref)', (_, { own }) => ({ query: eq('external_ref', own.external_ref), total: 1 })],
  ['list: eq(sku)', (_, { own }) => ({ query: eq('sku', own.sku), total: 1 })],
  ['list: eq(name) of one', (_, { own }) => ({ query: eq('name', own.name), total: 1 })],
  [
    COMMON_NAME,
    (records, { shared }) => ({ query: eq('name', shared.name), total: countNamed(shared.name, records) }),
  ],
]

const offset = (records: number) => ({ 'page[offset]': String(records) })

/** Counts, without the server, how many products of the file have a name. */
function countNamed(name: string, records: number): number {
  const member = `"name":${JSON.stringify(name)},`
  let count = 0
  for (const line of generateRecords({ records, content: 'products' })) if (line.includes(member)) count += 1
  return count
}

export const listQuestions: readonly string[] = questions.map(([name]) => name)

/** The median time of a request in seconds, for the large list and for the one that it is compared with. */
export interface ListReadings {
  readonly seconds: number
  readonly baseSeconds: number
}

/** Pages of a list of so many products, by `listQuestions`, and the same of a short list. */
export const listTrial = (records: number): Trial<ReadonlyMap<string, ListReadings>> => ({
  name: 'lists',
  records,
  async prepare(context) {
    await importedProducts(context, BASE_RECORDS)
    await importedProducts(context, records)
  },
  async measure(context) {
    const baseDir = await importedProducts(context, BASE_RECORDS)
    const dataDir = await importedProducts(context, records)
    return withServer(baseDir, (base) =>
      withServer(dataDir, async (server) => {
        const readings = new Map<string, ListReadings>()
        for (const [name, ask] of questions) {
          const places = [
            { server: base, records: BASE_RECORDS },
            { server, records },
          ] as const
          readings.set(name, await measureList(...places, ask, context))
        }
        return readings
      }),
    )
  },
})

interface Place {
  readonly server: Server
  readonly records: number
}

/** Asks both servers in turn, so that a machine that is slow for a while is slow for both. */
async function measureList(
  base: Place,
  large: Place,
  ask: Ask,
  { signal, progress, quick }: Context,
): Promise<ListReadings> {
  const connections = await Promise.all([
    openConnection(base, ask, signal),
    openConnection(large, ask, signal),
  ])
  try {
    await askByTurns(connections, quick ? QUICK : WARM_UP, () => {})
    const [baseSeconds, seconds] = await askByTurns(connections, quick ? QUICK : MEASURED, (share) =>
      progress.update(Math.round(large.records * share)),
    )
    return { seconds, baseSeconds }
  } finally {
    for (const { close } of connections) close()
  }
}

/** @returns the median time of a request for each of the two, in seconds */
async function askByTurns(
  [base, large]: readonly [Connection, Connection],
  { least, most, seconds }: Turns,
  onProgress: (share: number) => void,
): Promise<[number, number]> {
  const took: [number[], number[]] = [[], []]
  const deadline = performance.now() + seconds * 1000
  for (let turn = 1; turn <= most && (turn <= least || performance.now() < deadline); turn += 1) {
    took[0].push(await base.request())
    took[1].push(await large.request())
    onProgress(turn / most)
  }
  return [median(took[0]), median(took[1])]
}

interface Connection {
  /** Sends one request, checks its answer, and returns the seconds until the last byte was there. */
  request(): Promise<number>
  close(): void
}

async function openConnection(place: Place, ask: Ask, signal: AbortSignal): Promise<Connection> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { query, total } = ask(place.records, await sampleOf(place, agent, signal))
  const url = listUrl(place.server, { 'page[limit]': String(PAGE), ...query })
  const length = Math.max(0, Math.min(PAGE, total - Number(query['page[offset]'] ?? 0)))
  return {
    async request() {
      const start = performance.now()
      const body = await getText(url, place.server, agent, signal)
      const seconds = (performance.now() - start) / 1000
      checkList(JSON.parse(body) as List, total, length)
      return seconds
    },
    close: () => agent.destroy(),
  }
}

async function sampleOf({ server, records }: Place, agent: Agent, signal: AbortSignal): Promise<Sample> {
  const middle = Math.min(Math.floor(records / 2), DEEP_OFFSET)
  const url = listUrl(server, { 'page[limit]': '2', ...offset(middle) })
  const { data } = JSON.parse(await getText(url, server, agent, signal)) as List
  const attributes = data.map((product) => product.attributes)
  const own = attributes.find(({ name }) => /\d$/.test(name))
  const shared = attributes.find(({ name }) => !/\d$/.test(name))
  if (!own || !shared) throw new Error('The products in the middle of the list are not those of the file.')
  return { own, shared }
}

const listUrl = ({ url }: Server, query: Readonly<Record<string, string>>): string =>
  `${url}/subscriptions/products?${new URLSearchParams(query)}`

/** @throws Error for any answer but 200; AbortError */
async function getText(url: string, { apiKey }: Server, agent: Agent, signal: AbortSignal): Promise<string> {
  const request = get(url, { agent, headers: { authorization: `Bearer ${apiKey}` }, signal })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await text(response)
  if (response.statusCode !== 200) throw new Error(`The server answered ${response.statusCode}: ${body}`)
  return body
}

function checkList({ data, meta }: List, total: number, length: number): void {
  const found = meta.results.total
  if (found !== total || data.length !== length) {
    throw new Error(
      `A list of ${grouped(total)} products answered with ${data.length} and the total ${grouped(found)}; ${length} were due.`,
    )
  }
}
