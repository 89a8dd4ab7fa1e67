import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** All addresses of a host are private. The message is a sentence's end. */
export class PrivateAddress extends Error {
  override name = 'PrivateAddress'

  constructor(host: string) {
    super(`${host} is a private address, to which nothing is sent unless ALLOW_PRIVATE_WEBHOOKS is true`)
  }
}

/** Where IPv6 has public hosts; what is within and is none, the library knows (IANA's registry of IPv6 unicast addresses). */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')

/** A host of Azure's that tells a machine about itself. It looks public, and is reached from within alone. */
const METADATA = ['168.63.129.16']

/**
 * Whether an address is one of the public internet. Not so are those for private networks, for this machine, for links and
 * groups, for documentation, and those of IPv6 that stand for one of IPv4, unless they are mapped, which counts as the one of IPv4.
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
 * Looks a name up as connections do, and tells of its public addresses alone. Because it is the connection that asks, no
 * other answer can come in between; a host that is an address is not looked up, so `isPrivateHost` has to be asked as well.
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
