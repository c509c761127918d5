import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A reverse proxy between a client and the API. */
export type HttpProxy = AsyncDisposable & Readonly<{ url: string }>

/**
 * Starts a proxy in front of `targetUrl`. When the API has responded, the proxy calls `forwardsResponse` with the body
 * of the request. It forwards the response when that resolves with true. With false it drops the response, as if it
 * had died.
 */
export async function startHttpProxy(
  targetUrl: string,
  forwardsResponse: (body: string) => Promise<boolean>,
): Promise<HttpProxy> {
  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const { authorization = '', accept = '' } = request.headers
    const headers = { 'content-type': 'application/json', authorization, accept }
    const upstream = await fetch(targetUrl, { method: 'POST', headers, body })
    const responseBody = await upstream.text()
    const type = upstream.headers.get('content-type') ?? 'application/json'
    if (await forwardsResponse(body))
      response.writeHead(upstream.status, { 'content-type': type }).end(responseBody)
    else response.destroy()
  }

  const server = createServer((request, response) => void forward(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = new URL(targetUrl)
  url.host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
