import type { TopicBus } from '../bus/topic-bus.ts'
import { createBackgroundLoop } from '../lib/background-loop.ts'
import { pause, withTimeout } from '../lib/async.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Resync } from './resync.ts'
import { resyncTopic } from './topics.ts'

/** Asks all other gateways to resync, as soon as the bus takes it. Resyncs when another gateway asks. */
export type ResyncBroadcast = Readonly<{
  /** Never throws. Requests of the next half second share one broadcast. */
  request(): void
  start(): void
  /** A broadcast that is under way is attempted once more. Resolves when nothing is under way. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  topics: Pick<TopicBus, 'publish' | 'subscribe'>
  /** Called when another gateway asks this one. */
  resync: Pick<Resync, 'request'>
  sessions: Pick<SessionRegistry, 'others'>
  logger: Logger
}>

/** How long requests are collected, and the rest between two attempts. */
const COLLECT_MS = 500
const DEADLINE_MS = 3_000

export function createResyncBroadcast(dependencies: Dependencies): ResyncBroadcast {
  const { topics, sessions, resync, logger } = dependencies
  let isRequested = false

  topics.subscribe(resyncTopic, (isAsked) => {
    if (isAsked) resync.request('broadcast')
  })

  async function broadcast(): Promise<void> {
    const others = await sessions.others()
    const published = Promise.all(others.map((to) => topics.publish(resyncTopic, to, true)))
    await withTimeout(DEADLINE_MS, published, () => new Error('The bus did not answer in time'))
  }

  const loop = createBackgroundLoop({
    component: 'resync broadcast',
    async run(signal) {
      if (!isRequested) return
      await pause(COLLECT_MS, signal)
      // Events that fail during the broadcast need another one, because other gateways may have resynced already.
      isRequested = false
      try {
        await broadcast()
      } catch (error) {
        isRequested = true
        throw error
      }
    },
    retryDelayMs: () => 0,
    logger,
  })

  return {
    request() {
      isRequested = true
      loop.wake()
    },
    start: loop.start,
    stop: loop.stop,
  }
}
