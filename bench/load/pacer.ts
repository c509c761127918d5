import { parentPort, Worker, workerData } from 'node:worker_threads'

/*
 * Timers of Node.js fire up to a millisecond late, which is as long as the measured latency. This thread waits with
 * Atomics.wait, which is accurate to about 0.1 ms, and posts a message whenever something is due.
 */

/**
 * Calls `onTick` every `periodMs` with the time for which the tick was planned, by `performance.now()`. A tick is never
 * early. Ticks that are missed because the process was busy are not repeated, and later ones keep the rhythm.
 */
export function startPacer(periodMs: number, onTick: (plannedAt: number) => void): () => Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: periodMs })
  worker.on('message', (plannedAt: number) => onTick(plannedAt - performance.timeOrigin))
  return () => worker.terminate()
}

if (parentPort !== null) {
  const period = workerData as number
  const cell = new Int32Array(new SharedArrayBuffer(4))
  let next = performance.now()
  for (;;) {
    next += period * Math.max(1, Math.ceil((performance.now() - next) / period))
    Atomics.wait(cell, 0, 0, next - performance.now())
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- This is a thread, not a window.
    parentPort.postMessage(performance.timeOrigin + next)
  }
}
