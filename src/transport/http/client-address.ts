import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** The address that limits by address count a request for. */
export type ClientAddress = (request: IncomingMessage) => string

/**
 * Behind load balancers everybody comes from their addresses, and X-Forwarded-For says from where in truth: each
 * proxy appends whom it was asked by. Anybody can send such a header as well, so it is read from its end, for as long
 * as the one who wrote the entry is trusted; the first who is not is the client. Whatever stands before that is hearsay.
 * `trusted` are addresses and ranges such as 10.0.0.0/8.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = listOf(trusted)
  const isTrusted = (address: string): boolean => proxies.check(address, family(address))

  return ({ socket, headers }) => {
    let client = plain(socket.remoteAddress ?? '')
    // Several headers of this name come as one.
    const forwarded = String(headers['x-forwarded-for'] ?? '').split(',')
    while (isIP(client) !== 0 && isTrusted(client)) {
      const before = plain(forwarded.pop() ?? '')
      if (isIP(before) === 0) break
      client = before
    }
    return client === '' ? 'unknown' : client
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

/** An address by itself: some proxies add the port, and a socket that listens on `::` has IPv4 in IPv6's clothes. */
function plain(text: string): string {
  const [, address = text.trim()] =
    /^\s*(?:\[([^\]]+)\](?::\d+)?)\s*$/.exec(text) ?? /^\s*(\d+(?:\.\d+){3}):\d+\s*$/.exec(text) ?? []
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
