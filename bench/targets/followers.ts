import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import pg from 'pg'
import { withDatabase } from '../../src/cli/commands/with-database.ts'
import { newVapidPair } from '../../src/followers/push/credentials.ts'
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

/**
 * Web Push, with a target on each device. The users are connected and acknowledge, so each message is planned, and
 * nothing is sent.
 */
export const withPush: Target = targetOf({
  name: 'parley+push',
  path: '/graphql',
  prepare: preparePush,
  startGateway: (parts) => startGateway({ ...parts, root: HERE, secret: SECRET, env: PUSH }),
})

const PUSH = {
  PUSH_VAPID_KEY: newVapidPair().privateKey,
  PUSH_VAPID_SUBJECT: 'mailto:bench@chat.example',
  PUSH_ALLOW_PRIVATE: 'on',
}

/** Each device that registers gets a target of its own. */
const targetsAt = (url: string): string => `
  CREATE FUNCTION bench_target() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO push_targets (user_id, device_id, provider, address, digest, p256dh, auth)
    VALUES (NEW.user_id, NEW.device_id, 'WEB_PUSH', '${url}', sha256(convert_to(NEW.user_id, 'UTF8')),
      '${newVapidPair().publicKey}', '${randomBytes(16).toString('base64url')}')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
  END
  $$;
  CREATE TRIGGER bench_target AFTER INSERT ON devices FOR EACH ROW EXECUTE FUNCTION bench_target()`

async function preparePush(place: Place): Promise<string> {
  const databaseUrl = await place.createDatabase(`parley+push ${Date.now()}`)
  await migrate({ url: databaseUrl })
  const client = new pg.Client(databaseUrl)
  await client.connect()
  await client.query(targetsAt(await startReceiver()))
  await client.end()
  return databaseUrl
}

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
