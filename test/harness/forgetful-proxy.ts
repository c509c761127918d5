import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A reverse proxy that dies of every first answer: the request has arrived, and nobody hears what came of it. */
export type ForgetfulProxy = AsyncDisposable & Readonly<{ url: string }>

/** Starts one in front of an HTTP server. A request counts as repeated where its body was there before. */
export async function startForgetfulProxy(targetUrl: string): Promise<ForgetfulProxy> {
  const known = new Set<string>()

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const { authorization = '', accept = '' } = request.headers
    const headers = { 'content-type': 'application/json', authorization, accept }
    const answer = await fetch(targetUrl, { method: 'POST', headers, body })
    const answerText = await answer.text()
    if (known.has(body)) response.writeHead(answer.status, answerHeaders(answer)).end(answerText)
    else response.destroy()
    known.add(body)
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

function answerHeaders({ headers }: Response): Record<string, string> {
  return { 'content-type': headers.get('content-type') ?? 'application/json' }
}
