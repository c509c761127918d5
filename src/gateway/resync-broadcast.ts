import { once, pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Tells the other gateways that they may have missed something, as soon as they can be told at all. */
export type ResyncBroadcast = Readonly<{
  /** Never throws. Raised again while it is not out yet, it goes out once. */
  raise(): void
  /** Gives up; resolves when nothing is under way. */
  stop(): Promise<void>
}>

const RETRY_MS = 500

/** `tellEverybody` rejects as long as somebody can't be told. */
export function createResyncBroadcast(tellEverybody: () => Promise<void>, logger: Logger): ResyncBroadcast {
  const ended = new AbortController()
  let ringing: Promise<void> | undefined

  async function ring(): Promise<void> {
    for (let isOut = false; !isOut && !ended.signal.aborted;) {
      await pause(RETRY_MS, ended.signal)
      isOut = await tellEverybody().then(
        () => true,
        (error: unknown) => {
          logger.warn(
            { err: error },
            'other gateways can not be told yet that they may have missed something',
          )
          return false
        },
      )
    }
    ringing = undefined
  }

  return {
    raise() {
      ringing ??= ring()
    },
    stop: once(async () => {
      ended.abort()
      await ringing
    }),
  }
}
