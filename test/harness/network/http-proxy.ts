import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A reverse proxy between a client and the API. */
export type HttpProxy = AsyncDisposable & Readonly<{ url: string }>

/**
 * Starts one in front of `targetUrl`. When the API has answered a request, `passesOn` is asked with the request's body:
 * the answer goes on its way once that resolves; with false it is lost, as when a proxy dies.
 */
export async function startHttpProxy(
  targetUrl: string,
  passesOn: (body: string) => Promise<boolean>,
): Promise<HttpProxy> {
  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const { authorization = '', accept = '' } = request.headers
    const headers = { 'content-type': 'application/json', authorization, accept }
    const answer = await fetch(targetUrl, { method: 'POST', headers, body })
    const answerBody = await answer.text()
    const type = answer.headers.get('content-type') ?? 'application/json'
    if (await passesOn(body)) response.writeHead(answer.status, { 'content-type': type }).end(answerBody)
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
