import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Returns the client address of a request, for limits by address. */
export type ClientAddress = (request: IncomingMessage) => string

/**
 * Behind a load balancer every request comes from the load balancer's address. Each proxy appends the address that it
 * was called from to X-Forwarded-For. A client can send this header too, so it is read from its end: while the address
 * that wrote an entry is trusted, that entry is used. The first untrusted address is the client. Entries before it are
 * not reliable. `trusted` holds addresses and ranges such as 10.0.0.0/8.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const isTrusted = createTrustedProxies(trusted)

  return ({ socket, headers }) => {
    let client = plain(socket.remoteAddress ?? '')
    // Node joins several headers of this name with commas.
    const forwarded = String(headers['x-forwarded-for'] ?? '').split(',')
    while (isIP(client) !== 0 && isTrusted(client)) {
      const previous = plain(forwarded.pop() ?? '')
      if (isIP(previous) === 0) break
      client = previous
    }
    return client === '' ? 'unknown' : client
  }
}

/** Returns whether an address is one of `trusted`, which holds addresses and ranges. */
export function createTrustedProxies(trusted: readonly string[]): (address: string) => boolean {
  const proxies = listOf(trusted)
  return (address) => {
    const known = plain(address)
    return isIP(known) !== 0 && proxies.check(known, family(known))
  }
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    if (prefix === undefined) list.addAddress(address, family(address))
    else list.addSubnet(address, Number(prefix), family(address))
  }
  return list
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** Removes the port that some proxies add, and the IPv6 prefix of IPv4 addresses on a socket that listens on `::`. */
function plain(text: string): string {
  const [, address = text.trim()] =
    /^\s*(?:\[([^\]]+)\](?::\d+)?)\s*$/.exec(text) ?? /^\s*(\d+(?:\.\d+){3}):\d+\s*$/.exec(text) ?? []
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/**
 * Returns what limits by address count for: an IPv4 address, or the network of an IPv6 address. One household or server
 * has all 2^64 addresses of its network, and could use another one for each connection.
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [start = '', end = ''] = address.split('%')[0]?.split('::') ?? []
  const groups = start === '' ? [] : start.split(':')
  const last = end === '' ? [] : end.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - last.length) }, () => '0')
  const all = address.includes('::') ? [...groups, ...zeros, ...last] : groups
  const network = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
