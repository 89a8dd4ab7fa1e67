import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, importFile } from '../client.js'
import { generatedFile } from '../files.js'
import { type Load, loaded } from '../load.js'
import { importedProducts } from '../products.js'
import { withProgram } from '../program.js'
import type { BareListAnswer, BareListQuestion } from '../programs/bare-list.js'
import type { LoadAnswer, LoadQuestion } from '../programs/load.js'
import { withServer } from '../server.js'
import { median } from '../statistics.js'
import type { Context, Trial } from '../trial.js'

const LIMIT = 100
const CONNECTIONS = 32

/** How many products the list has. */
const PRODUCTS = 1000

/** How often and how long the service and the bare route are measured, in turns. */
const TURNS = 3
const TURN_SECONDS = 4

/** How long a list is requested before an import starts. */
const REST_SECONDS = 10

/** Before anything is measured, so that the code is compiled. */
const WARM_UP_SECONDS = 2

/**
 * Requests a second for a page of 100 products, of the service and of a bare route that runs the same
 * statement.
 */
export const listThroughput = (): Trial<{
  readonly perSecond: number
  readonly barePerSecond: number
}> => ({
  name: 'a page of 100, and a bare route',
  records: PRODUCTS,
  async prepare(context) {
    await importedProducts(context, PRODUCTS)
  },
  async measure(context) {
    const dataDir = await importedProducts(context, PRODUCTS)
    return withServer(dataDir, (server) =>
      withProgram<BareListQuestion, BareListAnswer, Turns>('bare-list', async (bareList) => {
        const bare = { ...(await bareList.ask({ dataDir, limit: LIMIT })), apiKey: server.apiKey }
        const service = pageOf(server)
        await checkPage(service)
        await checkPage(bare)
        return withProgram<LoadQuestion, LoadAnswer, Turns>('load', (load) =>
          byTurns(load, service, bare, context),
        )
      }),
    )
  },
})

interface Turns {
  readonly perSecond: number
  readonly barePerSecond: number
}

async function byTurns(load: Load, service: Address, bare: Address, context: Context): Promise<Turns> {
  const asked = (address: Address, seconds: number) =>
    loaded(load, CONNECTIONS, address, () => pause(seconds, context)).then(({ perSecond }) => perSecond)
  for (const address of [service, bare]) await asked(address, WARM_UP_SECONDS)
  const rates: { service: number; bare: number }[] = []
  for (let turn = 0; turn < TURNS; turn += 1) {
    rates.push({ service: await asked(service, TURN_SECONDS), bare: await asked(bare, TURN_SECONDS) })
  }
  return {
    perSecond: median(rates.map((rate) => rate.service)),
    barePerSecond: median(rates.map((rate) => rate.bare)),
  }
}

/**
 * The 99th percentile of the time for a page of 100 products: at rest, and from the first byte of an import's
 * POST until its end. It is the list of the store that imports.
 */
export const listWhileImporting = (
  records: number,
): Trial<{ readonly restSeconds: number; readonly importSeconds: number }> => {
  const before = { records: PRODUCTS, seed: 2, content: 'products' } as const
  return {
    name: 'a page of 100 while an import runs',
    records,
    async prepare(context) {
      await generatedFile(context, before)
      await generatedFile(context, { records })
    },
    measure: (context) =>
      context.withEmptyServer(async (server) => {
        await importFile(server, await generatedFile(context, before), context)
        const service = pageOf(server)
        await checkPage(service)
        const file = await generatedFile(context, { records })
        return withProgram('load', async (load: Load) => {
          await loaded(load, CONNECTIONS, service, () => pause(WARM_UP_SECONDS, context))
          const rest = await loaded(load, CONNECTIONS, service, () => pause(REST_SECONDS, context))
          const busy = await loaded(load, CONNECTIONS, service, () => importFile(server, file, context))
          return { restSeconds: rest.p99Seconds, importSeconds: busy.p99Seconds }
        })
      }),
  }
}

const pause = (seconds: number, { quick, signal }: Context): Promise<void> =>
  sleep((quick ? seconds / 10 : seconds) * 1000, undefined, { signal })

const pageOf = ({ url, apiKey }: Address): Address => ({
  url: `${url}/subscriptions/products?${new URLSearchParams({ 'page[limit]': String(LIMIT) })}`,
  apiKey,
})

/** @throws Error unless the answer has a whole page */
async function checkPage({ url, apiKey }: Address): Promise<void> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${apiKey}` } })
  const answer = (await response.json()) as unknown[] | { readonly data: unknown[] }
  const { length } = Array.isArray(answer) ? answer : answer.data
  if (length !== LIMIT) throw new Error(`${url} answered with ${length} products; ${LIMIT} were due.`)
}
