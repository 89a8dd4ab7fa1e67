import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** All addresses of a host are private. The message ends a sentence. */
export class PrivateAddress extends Error {
  override name = 'PrivateAddress'

  constructor(host: string) {
    super(
      `${host} is a private address, to which nothing is sent unless ALLOW_PRIVATE_WEBHOOKS is true and the webhook was added by the command line`,
    )
  }
}

/**
 * The range of public IPv6 hosts; the library knows the exceptions within it (IANA's registry of IPv6 unicast
 * addresses).
 */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')

/** Azure's metadata host. Its address looks public, but can be reached only from within. */
const METADATA = ['168.63.129.16']

/**
 * Whether an address belongs to the public internet. Private, loopback, link-local, multicast and
 * documentation addresses do not, nor do IPv6 addresses that embed an IPv4 address, except mapped ones, which
 * count as the IPv4 address.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.process(text)
  if (address.range() !== 'unicast' || METADATA.includes(address.toString())) return false
  return address.kind() === 'ipv4' || address.match(GLOBAL_IPV6)
}

/** Whether a URL's host is itself an address that is not public, or this machine's name. */
export function isPrivateHost({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return isIP(host) > 0 ? !isPublicAddress(host) : /(^|\.)localhost\.?$/.test(host)
}

/**
 * Looks up a name as connections do, and returns only its public addresses. Since the connection itself uses
 * it, no different answer can slip in; a host that is an address is not looked up, so `isPrivateHost` must be
 * checked too.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) return callback(error, [])
    const allowed = found.filter(({ address }) => isPublicAddress(address))
    const [first] = allowed
    if (!first) return callback(new PrivateAddress(hostname), [])
    if (options.all) callback(null, allowed)
    else callback(null, first.address, first.family)
  })
}
