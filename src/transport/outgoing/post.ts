import { lookup as resolve } from 'node:dns'
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { once } from 'node:events'
import ipaddr from 'ipaddr.js'
import type { Post, Posted } from '../../lib/outgoing-post.ts'
import { failed, reasonOf, retryAfterMs } from './answers.ts'

/** The address of a request is in a network that it must not reach. */
class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError'
}

/**
 * Sends a POST to an address that an operator or a user has chosen.
 *
 * Server-side request forgery: without `allowsPrivate`, only public addresses are connected to. The check is made on
 * the address that the connection uses, so a name that resolves to another address the second time gains nothing.
 * Redirects are not followed.
 */
export const post: Post = async ({ url, headers, body, allowsPrivate, timeoutMs, maxBodyBytes = 0 }) => {
  const target = URL.parse(url)
  if (target === null || !/^https?:$/.test(target.protocol)) return failed('the URL is not http or https')
  const host = target.hostname.replace(/^\[|\]$/g, '')
  if (!allowsPrivate && isIP(host) !== 0 && !isPublic(host)) return forbidden(privateAddress(host))
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest
  try {
    const request = send(target, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'Parley' },
      lookup: allowsPrivate ? undefined : lookupPublic,
      signal: AbortSignal.timeout(timeoutMs),
    })
    return await answered(await responseTo(request, body), maxBodyBytes)
  } catch (error) {
    return error instanceof PrivateAddressError ? forbidden(error) : failed(reasonOf(error, timeoutMs))
  }
}

async function responseTo(request: ClientRequest, body: string | Uint8Array): Promise<IncomingMessage> {
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

/** Reads no more of the answer than is wanted. The connection is not used again. */
async function answered(response: IncomingMessage, maxBodyBytes: number): Promise<Posted> {
  response.on('error', () => undefined)
  const { statusCode: status = 0, headers } = response
  const chunks: Buffer[] = []
  let size = 0
  if (maxBodyBytes > 0) {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= maxBodyBytes) break
    }
  }
  response.destroy()
  const body = Buffer.concat(chunks).subarray(0, maxBodyBytes).toString()
  return { type: 'answered', status, retryAfterMs: retryAfterMs(headers['retry-after']), body }
}

/** As `dns.lookup`, but fails if an address is not public. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    // Node leaves the addresses out if there is an error.
    const found = error === null ? addresses : []
    const inside = found.find(({ address }) => !isPublic(address))
    const [first] = found
    if (first === undefined) callback(error ?? new Error('no address'), '', 0)
    else if (inside !== undefined) callback(privateAddress(inside.address), '', 0)
    else if (options.all === true) callback(null, found)
    else callback(null, first.address, first.family)
  })
}

/** All addresses of IPv6 that are routed on the public internet. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** Returns whether the address is on the public internet. An IPv4 address in an IPv6 form counts as what it means. */
function isPublic(text: string): boolean {
  const address = ipaddr.process(text)
  if (address.range() !== 'unicast') return false
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST)
}

function privateAddress(address: string): PrivateAddressError {
  return new PrivateAddressError(`${address} is not a public address`)
}

function forbidden({ message: reason }: PrivateAddressError): Posted {
  return { type: 'failed', reason, isForbidden: true }
}
