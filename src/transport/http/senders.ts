import type { IncomingMessage } from 'node:http'
import { type ClientAddress, networkOf } from './client-address.ts'

/**
 * The sender of a request, before its token is verified: an address, and the token as it was sent. A client can invent
 * tokens, so a sender never has more rights than its address.
 */
export type Sender = Readonly<{ address: string; token: string }>

export type SenderOf = (request: IncomingMessage) => Sender

export function createSenderOf(addressOf: ClientAddress): SenderOf {
  return (request) => ({
    address: networkOf(addressOf(request)),
    token: request.headers.authorization ?? '',
  })
}

/** The name of a sender in a map. An address has no spaces. */
export function keyOf({ address, token }: Sender): string {
  return `${address} ${token}`
}
