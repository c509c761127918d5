import type { ServerState } from '../sql/server-state.ts'

/** A server that was asked, by the number of its host; undefined: it did not answer. */
export type Answers = readonly (ServerState | undefined)[]

/** The server that is written to. */
export type Writable = Readonly<{ host: number; timeline: number; startedAt: string }>

export type Choice =
  | Readonly<{ type: 'found'; writer: Writable; refused: readonly Writable[] }>
  | Readonly<{ type: 'none' }>
  /** Whoever takes writes has missed a promotion: what it stored would be lost. */
  | Readonly<{ type: 'outdated'; refused: readonly Writable[] }>
  /** Two that were promoted from the same past, and nobody can tell which of them will stay. */
  | Readonly<{ type: 'split'; refused: readonly Writable[] }>

/**
 * Chooses the one server to write to among those that are not in recovery: the newest timeline wins, none below the
 * highest that was ever seen is taken, and of two with equal timelines only the one that is `current`.
 */
export function chooseWriter(
  answers: Answers,
  highestTimeline: number,
  current: Writable | undefined,
): Choice {
  const writers = answers.flatMap((state, host) => (state === undefined ? [] : toWritable(state, host)))
  if (writers.length === 0) return { type: 'none' }
  const newest = Math.max(...writers.map(({ timeline }) => timeline))
  if (newest < highestTimeline) return { type: 'outdated', refused: writers }
  const candidates = writers.filter(({ timeline }) => timeline === newest)
  const [first] = candidates
  const known = candidates.find((candidate) => current !== undefined && isSame(candidate, current))
  const writer = known ?? first
  const others = writers.filter((other) => writer?.startedAt !== other.startedAt)
  const isSplit = known === undefined && candidates.some((other) => writer?.startedAt !== other.startedAt)
  if (writer === undefined || isSplit) return { type: 'split', refused: candidates }
  return { type: 'found', writer, refused: others }
}

/** Whether two looks saw one server that has neither moved, restarted nor been promoted in between. */
export function isSame(one: Writable, other: Writable): boolean {
  return one.host === other.host && one.timeline === other.timeline && one.startedAt === other.startedAt
}

function toWritable({ isInRecovery, timeline, startedAt }: ServerState, host: number): readonly Writable[] {
  return isInRecovery ? [] : [{ host, timeline, startedAt }]
}
