import { type ProcessUsage, readMachine, readUsage } from './process-usage.ts'

/** A process under observation. `withChildren`: CPU time of its children counts as well. */
export type Observed = Readonly<{ name: string; pid: number; withChildren?: boolean }>

/** The use of the machine between two points in time. */
export type Usage = Readonly<{
  /** CPU milliseconds of each observed process. */
  cpuMs: Readonly<Record<string, number>>
  /** Resident memory of each observed process at the end. */
  memoryMb: Readonly<Record<string, number>>
  /** Share of the machine's CPU time that all other processes and the hypervisor took, from 0 to 1. */
  others: number
  /** Share of the machine's CPU time that was used at all. */
  busy: number
}>

/** Begins to observe. Call the returned function at the end. */
export function startInterval(observed: readonly Observed[]): () => Usage {
  const before = readAll(observed)
  const machineBefore = readMachine()
  return () => {
    const after = readAll(observed)
    const machine = readMachine()
    const totalMs = Math.max(1, machine.totalMs - machineBefore.totalMs)
    const busyMs = machine.busyMs - machineBefore.busyMs
    const cpuMs = mapValues(after, (usage, name) => usage.cpuMs - (before[name]?.cpuMs ?? 0))
    const knownMs = Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0)
    return {
      cpuMs,
      memoryMb: mapValues(after, ({ memoryMb }) => memoryMb),
      others: Math.max(0, busyMs - knownMs) / totalMs,
      busy: busyMs / totalMs,
    }
  }
}

function readAll(observed: readonly Observed[]): Readonly<Record<string, ProcessUsage>> {
  return Object.fromEntries(
    observed.map(({ name, pid, withChildren }) => [name, readUsage(pid, withChildren)]),
  )
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value, name: string) => Result,
): Readonly<Record<string, Result>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]))
}
