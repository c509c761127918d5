import type { ServerState } from '../sql/server-state.ts'

/**
 * The answer of each host, by its index: its state, `pending` if it has not answered yet, or undefined if the question
 * failed, for example because the connection failed or was lost.
 */
export type Answers = readonly Answer[]

export type Answer = ServerState | 'pending' | undefined

/** A server that accepts writes. */
export type Writable = Readonly<{ host: number; timeline: number; startedAt: string }>

export type Choice =
  | Readonly<{ type: 'found'; writer: Writable; rejected: readonly Writable[] }>
  /** No server accepts writes. */
  | Readonly<{ type: 'none' }>
  /** The servers that accept writes have missed a promotion: writes to them would be lost. */
  | Readonly<{ type: 'outdated'; rejected: readonly Writable[] }>
  /** Two servers were promoted from the same past, and it is unknown which of them will stay. */
  | Readonly<{ type: 'split'; rejected: readonly Writable[] }>

/**
 * Chooses the one server to write to among those that are not in recovery:
 * - the one with the newest timeline;
 * - none if all timelines are below `highestTimeline`, the highest that any gateway has seen;
 * - of several with the same timeline only `current`. Two names of the same server count as one.
 */
export function chooseWriter(
  answers: Answers,
  highestTimeline: number,
  current: Writable | undefined,
): Choice {
  const writers = answers.flatMap((answer, host) => (isState(answer) ? toWritable(answer, host) : []))
  if (writers.length === 0) return { type: 'none' }
  const newest = Math.max(...writers.map(({ timeline }) => timeline))
  if (newest < highestTimeline) return { type: 'outdated', rejected: writers }
  const candidates = writers.filter(({ timeline }) => timeline === newest)
  const [first] = candidates
  const known = candidates.find((candidate) => current !== undefined && isSame(candidate, current))
  const writer = known ?? first
  const others = writers.filter((other) => writer?.startedAt !== other.startedAt)
  const isSplit = known === undefined && candidates.some((other) => writer?.startedAt !== other.startedAt)
  if (writer === undefined || isSplit) return { type: 'split', rejected: candidates }
  return { type: 'found', writer, rejected: others }
}

export function isState(answer: Answer): answer is ServerState {
  return answer !== undefined && answer !== 'pending'
}

/** Whether both are one server that was neither restarted nor promoted in between, on the same host. */
export function isSame(one: Writable, other: Writable): boolean {
  return one.host === other.host && one.timeline === other.timeline && one.startedAt === other.startedAt
}

function toWritable({ isInRecovery, timeline, startedAt }: ServerState, host: number): readonly Writable[] {
  return isInRecovery ? [] : [{ host, timeline, startedAt }]
}
