import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendJson } from './json-response.ts'

/** A person of the demo, with a token. */
export type DemoPerson = Readonly<{ id: string; name: string; token: string }>

/** Hands the demo users and their tokens to the web app. */
export type DemoPage = Readonly<{
  /** Responds if the path is the one of the demo. Returns false otherwise. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
}>

export const DEMO_PATH = '/app/demo.json'

/**
 * The tokens are for this machine alone. The address of the connection has to be loopback, and no proxy may have
 * forwarded the request. The host has to be a name of this machine too: otherwise another site whose name leads to
 * 127.0.0.1 could read them. `people` is undefined in production; the app then gets an empty list.
 */
export function createDemoPage(people: (() => Promise<readonly DemoPerson[]>) | undefined): DemoPage {
  return {
    async handle(request, response) {
      const path = request.url?.split('?', 1)[0]
      if (path !== DEMO_PATH || request.method !== 'GET') return false
      const isShown = people !== undefined && isFromThisMachine(request)
      sendJson(response, 200, { people: isShown ? await people() : [] })
      return true
    },
  }
}

function isFromThisMachine({ headers, socket }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  return (
    isLoopbackAddress(socket.remoteAddress ?? '') &&
    headers['x-forwarded-for'] === undefined &&
    headers.forwarded === undefined &&
    isLoopbackHost(headers.host ?? '') &&
    (site === undefined || site === 'same-origin' || site === 'none')
  )
}

function isLoopbackAddress(address: string): boolean {
  return /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address)
}

function isLoopbackHost(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(host)
}
