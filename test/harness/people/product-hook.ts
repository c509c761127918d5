import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { Webhook as Verifier } from 'standardwebhooks'
import { newWebhookSecret } from '../../../src/followers/webhooks/webhook.ts'

/** The answer of a service of the product. Default: 200, `{}`, at once. */
export type HookAnswer = Readonly<{ status?: number; json?: object; afterMs?: number }>

/** A service of the product that Parley asks. It checks the signature of each question. */
export type ProductHook<Question> = AsyncDisposable &
  Readonly<{ url: string; secret: string; questions: readonly Question[] }>

/** Starts the service on a free port of loopback. */
export async function startProductHook<Question>(
  decide: (question: Question) => HookAnswer | Promise<HookAnswer>,
): Promise<ProductHook<Question>> {
  const secret = newWebhookSecret()
  const questions: Question[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const headers = request.headers as Record<string, string>
      const question = new Verifier(secret).verify(await text(request), headers) as Question
      questions.push(question)
      const { status = 200, json = {}, afterMs = 0 } = await decide(question)
      if (afterMs > 0) await pause(afterMs)
      response.writeHead(status).end(JSON.stringify(json))
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/decide`,
    secret,
    questions,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
