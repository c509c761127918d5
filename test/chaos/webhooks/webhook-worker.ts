// A gateway's webhook worker in its own process. It kills itself at the point KILL_AT, at its call number KILL_AT_CALL.
import { pino } from 'pino'
import { createChatLog } from '../../../src/chats/chat-log.ts'
import { createChatLogStore } from '../../../src/chats/chat-log-store.ts'
import { createDueStore } from '../../../src/followers/due-store.ts'
import { createFollowerStore } from '../../../src/followers/follower-store.ts'
import { createFollowers } from '../../../src/followers/followers.ts'
import { createDelivery } from '../../../src/followers/webhooks/deliver.ts'
import { followersOf } from '../../../src/followers/webhooks/followers-of-webhook.ts'
import { createStateStore } from '../../../src/followers/webhooks/state-store.ts'
import { createWebhookStore } from '../../../src/followers/webhooks/webhook-store.ts'
import { systemClock as clock } from '../../../src/lib/clock.ts'
import { createDatabase } from '../../../src/store/database.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { post } from '../../../src/transport/outgoing/post.ts'

/** Short, so that a failover does not make a test wait for long. */
const LEASE_S = 5
const INTERVAL_MS = 50

const { DATABASE_URL: writerUrl = '', KILL_AT: killAt = '', KILL_AT_CALL: killAtCall = '1' } = process.env
let calls = 0

/** Returns the same function, which ends the process before or after its work. */
function mortal<Args extends readonly unknown[], Result>(
  name: string,
  work: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    await reach(`before ${name}`)
    const result = await work(...args)
    await reach(`after ${name}`)
    return result
  }
}

async function reach(point: string): Promise<void> {
  if (point !== killAt || ++calls !== Number(killAtCall)) return
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => undefined)
}

const logger = pino({ level: 'warn' }, pino.destination(process.stderr.fd))
const metrics = createMetrics()
const database = createDatabase({ writerUrl, logger, metrics })
await database.start()
const { writer, reader } = database
const real = createFollowerStore({ writer })
const chatLog = createChatLog({ store: createChatLogStore({ reader }), writer })
const webhooks = createWebhookStore({ writer, now: clock.now })
const due = createDueStore({ writer })
const states = createStateStore({ writer })

createFollowers({
  store: {
    ...real,
    claim: mortal('claim', real.claim),
    advance: mortal('advance', real.advance),
    finish: mortal('finish', real.finish),
    postpone: mortal('postpone', real.postpone),
  },
  chatLog: { ...chatLog, read: mortal('read', chatLog.read) },
  async followers() {
    const active = (await webhooks.list()).filter(({ pausedAt }) => pausedAt === null)
    return active.flatMap((webhook) => {
      const parts = { post: mortal('post', post), store: webhooks, clock, metrics, logger }
      return followersOf(webhook, { delivery: createDelivery(webhook, parts), due, states, clock })
    })
  },
  onStart: webhooks.enableMarks,
  logger,
  intervalMs: INTERVAL_MS,
  leaseS: LEASE_S,
}).start()
console.log('started')
