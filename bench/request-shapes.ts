import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { type Address, importFile } from './client.js'
import { CURRENCIES, lineOf, plan, prices, writeLines } from './shapes.js'
import type { Context } from './trial.js'

/** A request of which little is much: to answer it, or to read it, takes as much as one can. */
export interface RequestShape {
  readonly name: string
  /** How many clients send it at once, each again and again. */
  readonly clients: number
  /** How often each of them sends it. */
  readonly times: number
  /** What is imported before, line by line. */
  readonly lines: readonly string[]
  /**
   * Sends it once, and reads the answer to its end.
   *
   * @param quick whether only a part of the lines was imported
   * @throws Error unless it is answered as it should be
   */
  readonly send: (store: Address, quick: boolean) => Promise<void>
}

/** The factor by which there are fewer lines when only checking that everything works. */
const QUICK = 5

/** What every page has at least, in bytes, and what it has of fewer lines. */
const LEAST_BYTES = 20e6
const LEAST_BYTES_QUICK = LEAST_BYTES / (2 * QUICK)

/** Imports what a shape's requests ask for. */
export async function importLines(store: Address, shape: RequestShape, context: Context): Promise<void> {
  const { name } = shape
  const lines = context.quick ? shape.lines.slice(0, 1 + Math.ceil(shape.lines.length / QUICK)) : shape.lines
  if (lines.length === 0) return
  const path = join(context.folder, `${name.replaceAll(/\W+/g, '-')}.jsonl`)
  await writeLines(path, lines.length, (number) => lines[number] ?? '', context.signal)
  await importFile(store, { path, imported: lines.length, errors: 0 }, context)
}

const dear = lineOf('product', { external_ref: 'dear', name: 'Dear', price: prices(CURRENCIES) })
const fixedPlan = { ...plan, fixed_price: prices(CURRENCIES) }

const offeringOfPlans = (plans: number): string =>
  lineOf('offering', {
    name: 'Dear',
    products: ['dear'],
    plans: Array.from({ length: plans }, (_, index) => ({ ...plan, base_price_percentage: index % 100 })),
  })

/** Reads a page that is large. */
const page =
  (path: string): RequestShape['send'] =>
  async (store, quick) => {
    const bytes = await read(store, `/subscriptions/${path}`)
    if (bytes < (quick ? LEAST_BYTES_QUICK : LEAST_BYTES))
      throw new Error(`${path} was answered by ${bytes} bytes only`)
  }

/** @returns the answer's length in bytes */
async function read({ url, apiKey }: Address, path: string): Promise<number> {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${apiKey}` } })
  if (response.status !== 200) throw new Error(`${path} was answered ${response.status}`)
  let bytes = 0
  for await (const piece of response.body ?? []) bytes += piece.length
  return bytes
}

async function pageOfPlans(store: Address, quick: boolean): Promise<void> {
  const headers = { authorization: `Bearer ${store.apiKey}` }
  const response = await fetch(`${store.url}/subscriptions/offerings`, { headers })
  const { data } = (await response.json()) as { data: readonly { id: string }[] }
  await page(`offerings/${data[0]?.id}/plans?page[limit]=100`)(store, quick)
}

/** A body of which every byte is a chunk of its own (RFC 9112, 7.1). */
const inBytes = (text: string): Buffer =>
  Buffer.from(`${[...text].map((character) => `1\r\n${character}\r\n`).join('')}0\r\n\r\n`)

const slowly = inBytes(`${lineOf('product', { name: 'A product' })}\n`.repeat(2000))

async function upload({ url, apiKey }: Address): Promise<void> {
  const post = request(`${url}/subscriptions/imports`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/jsonl',
      'transfer-encoding': 'chunked',
    },
  })
  // The chunks are written here, so that Node puts no others around them.
  post.flushHeaders()
  const [socket] = await once(post, 'socket')
  socket.write(slowly)
  const [response] = await once(post, 'response')
  response.resume()
  await once(response, 'end')
  socket.destroy()
  if (response.statusCode !== 201) throw new Error(`an upload was answered ${response.statusCode}`)
}

/** What asks the most of the process that answers. */
export const requestShapes: readonly RequestShape[] = [
  {
    name: 'pages of plans whose products have prices in 17,576 currencies',
    clients: 3,
    times: 3,
    lines: [dear, offeringOfPlans(100)],
    send: pageOfPlans,
  },
  {
    name: 'pages of offerings with such products and plans',
    clients: 3,
    times: 2,
    lines: [dear, ...Array.from({ length: 25 }, () => offeringOfPlans(3))],
    send: page('offerings?include=products,plans'),
  },
  {
    name: 'pages of plans with fixed prices in 17,576 currencies',
    clients: 3,
    times: 3,
    lines: Array.from({ length: 100 }, () => lineOf('plan', fixedPlan)),
    send: page('plans?page[limit]=100'),
  },
  {
    name: 'pages of offerings with plans of such fixed prices',
    clients: 3,
    times: 2,
    lines: [
      dear,
      ...Array.from({ length: 25 }, () =>
        lineOf('offering', { name: 'Dear', products: ['dear'], plans: [fixedPlan] }),
      ),
    ],
    send: page('offerings?include=products,plans'),
  },
  {
    name: 'uploads in chunks of one byte',
    clients: 60,
    times: 2,
    lines: [],
    send: upload,
  },
]
