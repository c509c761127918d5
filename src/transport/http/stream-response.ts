import type { ExecutionResult } from 'graphql'
import type { FetchAPI } from 'graphql-yoga'
import type { SharedTimer } from './shared-timer.ts'
import type { StreamFormat } from './stream-format.ts'

type Options = Readonly<{
  format: StreamFormat
  timer: SharedTimer
  /** A stream that was silent for so many ticks of the timer gets a heartbeat. */
  heartbeatTicks: number
  fetchAPI: FetchAPI
  /** Whether the gateway ends the stream with this result. */
  isFinal(result: ExecutionResult): boolean
}>

/**
 * Never compressed and never buffered: a compressor or a proxy would keep an event until it has more. The next result
 * is read once the client's side has room for it.
 */
const HEADERS = { 'Cache-Control': 'no-cache, no-transform', 'X-Accel-Buffering': 'no' }

/** Writes a stream of results in a format, with heartbeats. The stream ends when the client goes away. */
export function streamResponse(
  results: AsyncIterable<ExecutionResult>,
  { format, timer, heartbeatTicks, fetchAPI, isFinal }: Options,
): Response {
  const encoder = new TextEncoder()
  const source = results[Symbol.asyncIterator]()
  let silentTicks = 0
  let stopHeartbeats = (): void => undefined
  const body = new fetchAPI.ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(format.start))
      stopHeartbeats = timer.add(() => {
        silentTicks += 1
        if (silentTicks < heartbeatTicks) return
        silentTicks = 0
        // A client that does not read gets no heartbeats: they would pile up.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(format.heartbeat))
      })
    },
    async pull(controller) {
      try {
        const next: IteratorResult<ExecutionResult, unknown> = await source.next()
        silentTicks = 0
        if (next.done !== true) {
          controller.enqueue(encoder.encode(format.encode(next.value, isFinal(next.value))))
          return
        }
        controller.enqueue(encoder.encode(format.end))
        controller.close()
      } catch (error) {
        controller.error(error)
      }
      stopHeartbeats()
    },
    async cancel() {
      stopHeartbeats()
      await source.return?.()
    },
  })
  return new fetchAPI.Response(body, { headers: { 'Content-Type': format.contentType, ...HEADERS } })
}
