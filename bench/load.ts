import type { Address } from './client.js'
import type { Program } from './program.js'
import type { LoadAnswer, LoadQuestion } from './programs/load.js'

export type Load = Program<LoadQuestion, LoadAnswer>

/** Sends requests as fast as they are answered, over a number of connections, while something else runs. */
export async function loaded(
  load: Load,
  connections: number,
  { url, apiKey }: Address,
  meanwhile: () => Promise<unknown>,
): Promise<LoadAnswer> {
  await load.ask({ url, apiKey, connections })
  await meanwhile()
  return load.ask({ end: true })
}
