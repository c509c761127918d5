import type { AllocationProfile, CpuProfile } from '../inside/agent.ts'
import { markdown } from '../report/markdown.ts'

/** A share of CPU time or of allocated memory, from 0 to 1. */
export type Cost = Readonly<{ name: string; share: number }>

/** Costs of a process: of parts, such as a package or a room, and of single functions. */
export type Costs = Readonly<{ parts: readonly Cost[]; functions: readonly Cost[] }>

type Frame = Readonly<{ functionName: string; url: string; lineNumber: number }>

const IDLE = '(idle)'
const INSPECTOR = 'node:inspector'
const SOCKET_WRITES = /^write(?:v|Buffer|Utf8String|Latin1String|AsciiString)$/

/** Returns shares of the time in which the process was neither idle nor busy with the profile itself. */
export function cpuCosts({ nodes, samples = [], timeDeltas = [] }: CpuProfile): Costs {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const values = samples.map((id, index): [Frame | undefined, number] => [
    frames.get(id),
    timeDeltas[index] ?? 0,
  ])
  return costsOf(values.filter(([frame]) => frame?.functionName !== IDLE && frame?.url !== INSPECTOR))
}

/** Returns the bytes that were allocated, and what allocated them. */
export function allocationCosts({ head }: AllocationProfile): Costs & Readonly<{ bytes: number }> {
  const values: [Frame, number][] = []
  const nodes = [head]
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    values.push([node.callFrame, node.selfSize])
    nodes.push(...node.children)
  }
  return { bytes: values.reduce((sum, [, size]) => sum + size, 0), ...costsOf(values) }
}

/** Returns the most expensive parts beside the most expensive functions. */
export function costsTable({ parts, functions }: Costs, top = 10): string {
  const rows = parts.slice(0, top).map((part, index) => {
    const one = functions[index]
    return [part.name, percent(part.share), one?.name ?? '', percent(one?.share ?? NaN)]
  })
  return markdown([['part', '%', 'function', '%'], ...rows])
}

function percent(share: number): string {
  return (share * 100).toFixed(1)
}

function costsOf(values: readonly (readonly [Frame | undefined, number])[]): Costs {
  const total = values.reduce((sum, [, value]) => sum + value, 0)
  const rank = (nameOf: (frame: Frame) => string): readonly Cost[] => {
    const sums = new Map<string, number>()
    for (const [frame, value] of values) {
      if (frame === undefined) continue
      const name = nameOf(frame)
      sums.set(name, (sums.get(name) ?? 0) + value)
    }
    return [...sums].map(([name, sum]) => ({ name, share: sum / total })).sort((a, b) => b.share - a.share)
  }
  return { parts: rank(partOf), functions: rank(functionOf) }
}

/** A package, a room of `src`, a module of Node.js, or the engine. */
function partOf({ url, functionName }: Frame): string {
  const [, packageName] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  if (packageName !== undefined) return packageName
  const [, room] = /\/src\/(.+?)(?:\/[^/]+)?$/.exec(url) ?? []
  if (room !== undefined) return `src/${room}`
  if (url.startsWith('node:')) return url.replace(/^node:internal\//, 'node:')
  if (SOCKET_WRITES.test(functionName)) return 'writes to sockets (system calls)'
  return functionName.startsWith('(') ? functionName : 'native code and built-ins'
}

function functionOf(frame: Frame): string {
  const { functionName, lineNumber, url } = frame
  if (url === '') return functionName === '' ? '(anonymous, native)' : functionName
  const file = url.split('/').at(-1) ?? ''
  return `${functionName || 'anonymous'} (${partOf(frame)}, ${file}:${lineNumber + 1})`
}
