// A worker thread that takes as much CPU time as an attacker, and sends nothing. It shows which part of an attack's
// effect comes from sharing the machine with the attacker.
import { setPriority } from 'node:os'
import { workerData } from 'node:worker_threads'
import { ATTACKER_PRIORITY } from './target.ts'

/** The part of a core to take, from 0 to 1. */
export type BurnerData = Readonly<{ share: number }>

const { share } = workerData as BurnerData
if (process.platform === 'linux') setPriority(0, ATTACKER_PRIORITY)

const MICROSECONDS_PER_MS = 1_000
const REST_MS = 1
const cell = new Int32Array(new SharedArrayBuffer(4))
const startedAt = performance.now()
const burnedAtStart = burnedMs()

function burnedMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / MICROSECONDS_PER_MS
}

for (;;) {
  while (burnedMs() - burnedAtStart < (performance.now() - startedAt) * share);
  Atomics.wait(cell, 0, 0, REST_MS)
}
