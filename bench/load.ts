import type { Address } from './client.js'
import type { Program } from './program.js'
import type { LoadAnswer, LoadQuestion } from './programs/load.js'

export type Load = Program<LoadQuestion, LoadAnswer>

/** Asks for something as fast as it is answered, over so many connections, for as long as something takes. */
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
