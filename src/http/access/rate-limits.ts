import { isIPv6 } from 'node:net'
import { RateLimiterRes } from 'rate-limiter-flexible'
import type { Config } from '../../config/config.js'
import type { Pool } from '../../db/pool.js'
import { tooManyRequests } from '../errors.js'
import { type Limit, ownLimit, SharedLimit } from './limits.js'

/**
 * Limits how many requests a credential may send, and how many wrong secrets may come from an address
 * (contract 3): in a second for requests, in a minute for wrong secrets.
 */
export class RateLimits {
  readonly #requests: Limit
  readonly #wrongSecrets: Limit

  /** @param shared where several processes count together; undefined: this one counts for itself. */
  constructor(
    { rateLimit, wrongSecretLimit }: Pick<Config, 'rateLimit' | 'wrongSecretLimit'>,
    shared: Pool | undefined,
  ) {
    const limit = (name: string, points: number, duration: number) =>
      shared ? new SharedLimit(shared, { name, points, duration }) : ownLimit({ name, points, duration })
    this.#requests = limit('request', rateLimit, 1)
    this.#wrongSecrets = limit('wrong secret', wrongSecretLimit, 60)
  }

  /** Counts a request of an API key or a client. @throws HttpError 429 */
  async countRequest(credentialId: string): Promise<void> {
    try {
      await this.#requests.consume(credentialId)
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error
      throw tooManyRequests(
        `At most ${this.#requests.points} requests a second are answered to one API key or client.`,
        secondsUntilNext(error),
      )
    }
  }

  /** Refuses to look up a secret from an address that sent too many wrong ones. @throws HttpError 429 */
  async admitAddress(address: string): Promise<void> {
    const refusal = await this.#wrongSecrets.refusalOf(networkOf(address))
    if (refusal) {
      throw tooManyRequests('Too many wrong secrets came from this address.', secondsUntilNext(refusal))
    }
  }

  async countWrongSecret(address: string): Promise<void> {
    await this.#wrongSecrets.consume(networkOf(address)).catch((error: unknown) => {
      if (!(error instanceof RateLimiterRes)) throw error
    })
  }
}

const secondsUntilNext = ({ msBeforeNext }: RateLimiterRes): number =>
  Math.max(1, Math.ceil(msBeforeNext / 1000))

/** An IPv4 address itself, or the /64 of an IPv6 address, all of which one machine can have. */
export function networkOf(address: string): string {
  const [, mapped] = /^::ffff:([\d.]+)$/i.exec(address) ?? []
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address
  const [head = '', tail] = address.split('::')
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter(Boolean)) as [
    string[],
    string[],
  ]
  const zeros = Array<string>(tail === undefined ? 0 : 8 - before.length - after.length).fill('0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}
