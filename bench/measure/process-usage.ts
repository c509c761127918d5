import { readdirSync, readFileSync } from 'node:fs'

/** The kernel counts CPU time in ticks of this many milliseconds. */
const MS_PER_TICK = 10
const BYTES_PER_PAGE = 4_096
const BYTES_PER_MB = 1_048_576

type Stat = Readonly<{
  pid: number
  parent: number
  ownTicks: number
  endedChildrenTicks: number
  pages: number
}>

/** CPU time and memory of a process. */
export type ProcessUsage = Readonly<{ cpuMs: number; memoryMb: number }>

/** Reads the usage of a process. With its children, which PostgreSQL's backends are, including those that ended. */
export function readUsage(pid: number, withChildren = false): ProcessUsage {
  const own = readStat(pid)
  if (own === undefined) throw new Error(`Process ${pid} has ended.`)
  const children = withChildren ? childrenOf(pid) : []
  const ticks = children.reduce((sum, { ownTicks }) => sum + ownTicks, own.ownTicks)
  const pages = children.reduce((sum, child) => sum + child.pages, own.pages)
  return {
    cpuMs: (ticks + (withChildren ? own.endedChildrenTicks : 0)) * MS_PER_TICK,
    memoryMb: (pages * BYTES_PER_PAGE) / BYTES_PER_MB,
  }
}

function childrenOf(pid: number): readonly Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== undefined)
    .filter(({ parent }) => parent === pid)
}

/** Reads the CPU time of all processes that a process has started, and that those have started. */
export function readDescendants(pid: number): Pick<ProcessUsage, 'cpuMs'> {
  const ofOne = ({ pid: child, ownTicks, endedChildrenTicks }: Stat): number =>
    (ownTicks + endedChildrenTicks) * MS_PER_TICK + readDescendants(child).cpuMs
  return { cpuMs: childrenOf(pid).reduce((sum, child) => sum + ofOne(child), 0) }
}

/** Returns undefined if the process has ended. */
function readStat(pid: number): Stat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The name is in parentheses and may contain spaces. See proc(5) for the numbers of the fields.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): number => Number(fields[number - 3])
  return {
    pid,
    parent: field(4),
    ownTicks: field(14) + field(15),
    endedChildrenTicks: field(16) + field(17),
    pages: field(24),
  }
}

/** CPU time of the whole machine since it started. */
export function readMachine(): Readonly<{ busyMs: number; totalMs: number }> {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  const [, user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] = line
    .split(/ +/)
    .map(Number)
  const busy = user + nice + system + irq + softIrq + steal
  return { busyMs: busy * MS_PER_TICK, totalMs: (busy + idle + ioWait) * MS_PER_TICK }
}
