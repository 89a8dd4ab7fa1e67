import { isIPv6 } from 'node:net'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Config } from '../../config/config.js'
import { tooManyRequests } from '../errors.js'

/**
 * Limits how many requests a credential may send, and how many wrong secrets may come from an address
 * (contract 3). Each process counts for itself, and forgets the counts with the window: a second for
 * requests, a minute for wrong secrets.
 */
export class RateLimits {
  readonly #requests: RateLimiterMemory
  readonly #wrongSecrets: RateLimiterMemory

  constructor({ rateLimit, wrongSecretLimit }: Pick<Config, 'rateLimit' | 'wrongSecretLimit'>) {
    this.#requests = new RateLimiterMemory({ points: rateLimit, duration: 1 })
    this.#wrongSecrets = new RateLimiterMemory({ points: wrongSecretLimit, duration: 60 })
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
    const found = await this.#wrongSecrets.get(networkOf(address))
    if (found && found.consumedPoints >= this.#wrongSecrets.points) {
      throw tooManyRequests('Too many wrong secrets came from this address.', secondsUntilNext(found))
    }
  }

  async countWrongSecret(address: string): Promise<void> {
    await this.#wrongSecrets.penalty(networkOf(address))
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
