import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { withDatabase } from '../../src/cli/commands/with-database.ts'
import { WEBHOOK_TYPES } from '../../src/followers/webhooks/webhook.ts'
import { createWebhooks, type WebhookInput } from '../../src/followers/webhooks/webhooks.ts'
import { migrate } from '../../src/store/migrations/migrate.ts'
import { startGateway } from '../servers/gateway.ts'
import { type Place, SECRET } from '../servers/place.ts'
import { HERE } from './parley.ts'
import { type Target, targetOf } from './target.ts'

/*
 * Parley while its chats are followed. The receiver of the webhook accepts everything at once, in the process of the
 * benchmark, so its CPU time does not count.
 */

/** A webhook that wants each message. */
export const withWebhook: Target = following('parley+webhook', ['message.sent'])

/** A webhook with all types: also receipts, and a second look at each message. */
export const withAllTypes: Target = following('parley+all types', WEBHOOK_TYPES)

function following(name: string, types: WebhookInput['types']): Target {
  return targetOf({
    name,
    path: '/graphql',
    prepare: (place) => prepare(place, name, types),
    startGateway: (parts) => startGateway({ ...parts, root: HERE, secret: SECRET }),
  })
}

async function prepare(place: Place, name: string, types: WebhookInput['types']): Promise<string> {
  const databaseUrl = await place.createDatabase(`${name} ${Date.now()}`)
  await migrate({ url: databaseUrl })
  const url = await startReceiver()
  const input = { url, types, hasContent: false, allowsPrivate: true, pendingAfterS: 0 }
  await withDatabase(databaseUrl, ({ writer }) => createWebhooks({ writer }).create(input))
  return databaseUrl
}

/** Ends with the process. */
async function startReceiver(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
