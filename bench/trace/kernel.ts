import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** How often the kernel ran a process. Voluntary: it waited for something and was woken up. */
export type Switches = Readonly<{ voluntary: number; involuntary: number }>

/** Sums over all threads. With children, which are PostgreSQL's backends. */
export function readSwitches(pid: number, withChildren = false): Switches {
  const all = [pid, ...(withChildren ? childrenOf(pid) : [])].flatMap(threadsOf)
  return {
    voluntary: all.reduce((sum, { voluntary }) => sum + voluntary, 0),
    involuntary: all.reduce((sum, { involuntary }) => sum + involuntary, 0),
  }
}

function threadsOf(pid: number): readonly Switches[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
      const valueOf = (name: string): number =>
        Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
      return {
        voluntary: valueOf('voluntary_ctxt_switches'),
        involuntary: valueOf('nonvoluntary_ctxt_switches'),
      }
    })
  } catch {
    return []
  }
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => {
      try {
        return new RegExp(`^PPid:\\s+${pid}$`, 'm').test(readFileSync(`/proc/${other}/status`, 'utf8'))
      } catch {
        return false
      }
    })
}

/** Calls of each system call. */
export type SystemCalls = ReadonlyMap<string, number>

export function hasStrace(): boolean {
  return spawnSync('strace', ['--version']).status === 0
}

/** Counts the system calls of a process with all its threads, until the returned function is called. */
export async function countSystemCalls(pid: number, file: string): Promise<() => Promise<SystemCalls>> {
  const strace = spawn('strace', ['-c', '-f', '-p', `${pid}`, '-o', file], { stdio: 'ignore' })
  await once(strace, 'spawn')
  return async () => {
    strace.kill('SIGINT')
    await once(strace, 'exit')
    return parse(await readFile(file, 'utf8'))
  }
}

/** A line of the summary is: % time, seconds, usecs/call, calls, errors (may be empty), name. */
function parse(summary: string): SystemCalls {
  const lines = summary.split('\n').map((line) => line.trim().split(/\s+/))
  const calls = lines
    .filter(([share = '']) => /^\d+\.\d+$/.test(share))
    .map((cells): [string, number] => [cells.at(-1) ?? '', Number(cells[3])])
  return new Map(calls.filter(([name]) => name !== 'total'))
}
