import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { answerQuestions } from '../program.js'

/**
 * Starts load over a number of kept connections, each of which sends a request as soon as the one before is
 * answered.
 */
interface Begin {
  readonly url: string
  readonly apiKey: string
  readonly connections: number
}

/** Starts the load, or stops it and returns the results. */
export type LoadQuestion = Begin | { readonly end: true }

/** For all requests that were sent and answered. */
export interface LoadAnswer {
  readonly perSecond: number
  /** What 99 of 100 requests took at most. */
  readonly p99Seconds: number
}

let load: ReturnType<typeof startLoad> | undefined

answerQuestions<LoadQuestion, LoadAnswer | object>(async (question) => {
  if ('end' in question) return (await load?.end()) ?? {}
  load = startLoad(question)
  return {}
})

function startLoad({ url, apiKey, connections }: Begin) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const headers = { authorization: `Bearer ${apiKey}` }
  const took: number[] = []
  let ending = false
  const start = performance.now()
  const loops = Promise.all(
    Array.from({ length: connections }, async () => {
      while (!ending) {
        const sent = performance.now()
        const [response] = (await once(get(url, { agent, headers }), 'response')) as [IncomingMessage]
        await once(response.resume(), 'end')
        if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`)
        took.push((performance.now() - sent) / 1000)
      }
    }),
  )
  return {
    async end(): Promise<LoadAnswer> {
      ending = true
      await loops
      const seconds = (performance.now() - start) / 1000
      agent.destroy()
      took.sort((a, b) => a - b)
      const p99Seconds = took[Math.ceil(took.length * 0.99) - 1] ?? Number.NaN
      return { perSecond: took.length / seconds, p99Seconds }
    },
  }
}
