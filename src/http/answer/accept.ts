import type { FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

/**
 * The media type that the client prefers among those that a route can answer, by the `q` of each range (RFC
 * 9110, 12.5.1).
 *
 * @param types the first is used if the client prefers none, or accepts none of them.
 */
export function preferredType<Type extends string>(
  { raw }: Pick<FastifyRequest, 'raw'>,
  types: readonly [Type, ...Type[]],
): Type {
  const preferred = new Negotiator(raw).mediaType(types.map(inUtf8))
  return types.find((type) => inUtf8(type) === preferred) ?? types[0]
}

/** The charset of every response. A range may ask for it. */
const inUtf8 = (type: string): string => `${type}; charset=utf-8`

/** The media type of responses in JSON Lines. */
export const JSON_LINES = 'application/jsonl; charset=utf-8'
