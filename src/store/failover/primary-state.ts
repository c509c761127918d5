import type { ServerState } from '../sql/server-state.ts'
import { type Answers, type Choice, chooseWriter, isSame, isState, type Writable } from './choose-writer.ts'

/** A writer and the state that it last reported. */
export type SeenWriter = Readonly<{ writer: Writable; server: ServerState | undefined }>

/**
 * The knowledge of a gateway about the primary. `last` is the latest writer, to which open connections still lead.
 * `reported` holds the rejected servers that were reported last.
 */
export type PrimaryState = Readonly<{ reported: readonly Writable[] }> &
  (
    | Readonly<{ type: 'searching'; sinceMs: number; last: SeenWriter | undefined }>
    /** `answeredAtMs`: when the writer last answered. `misses`: checks in a row that found no writer. */
    | Readonly<{ type: 'writable'; last: SeenWriter; answeredAtMs: number; misses: number }>
  )

/** One check of all hosts. */
export type Check = Readonly<{
  answers: Answers
  /** The highest timeline that any gateway has seen. */
  highestTimeline: number
  nowMs: number
}>

export type Effect =
  /** There is a writer. `searchMs` is set if it was searched for. */
  | Readonly<{ type: 'found'; writer: Writable; searchMs: number | undefined }>
  /** Writes go to another server than before. Every open connection leads to the wrong one. */
  | Readonly<{ type: 'moved'; writer: Writable }>
  | Readonly<{ type: 'lost'; reason: Exclude<Choice['type'], 'found'>; writer: Writable }>
  /** The last writer must not be written to any more, not even on open connections. */
  | Readonly<{ type: 'abandoned' }>
  /** Servers accept writes that must not be written to. */
  | Readonly<{ type: 'rejected'; rejected: readonly Writable[] }>

/** How many checks in a row may find no writer before the known one counts as gone. Its connections may still work. */
const MAX_MISSES = 3
/**
 * How long the writer may take for an answer, in milliseconds, before that counts as a miss. A slow server is used: one
 * that is 400 ms away each way answers within 1 s, and within 4 s if the connection must be made first.
 */
const SILENT_MS = 4_000

/*
 *                           a writer is found
 *               ┌──────────────────────────────────────┐
 *               │                                      ▼
 *   start ─▶ searching                              writable ──┐ a writer is found: misses = 0
 *               ▲                                      │  ▲    │ (another server: moved)
 *               │                                      │  │    │ it has not answered yet: no change
 *               └──────────────────────────────────────┘  └────┘ no writer: misses + 1
 *                 no writer for the third time in a row,
 *                 or at once: only outdated servers, or a split
 */
export function transition(
  state: PrimaryState,
  { answers, highestTimeline, nowMs }: Check,
): Readonly<{ state: PrimaryState; effects: readonly Effect[] }> {
  const choice = chooseWriter(answers, highestTimeline, state.last?.writer)
  const reported = choice.type === 'none' ? [] : choice.rejected
  const isNews = reported.length > 0 && JSON.stringify(reported) !== JSON.stringify(state.reported)
  const reports: readonly Effect[] = isNews ? [{ type: 'rejected', rejected: reported }] : []

  if (choice.type === 'found') {
    const { writer } = choice
    const hasMoved = state.last !== undefined && !isSame(writer, state.last.writer)
    const moves: readonly Effect[] = hasMoved ? [{ type: 'moved', writer }] : []
    const searchMs = state.type === 'searching' ? nowMs - state.sinceMs : undefined
    const answer = answers[writer.host]
    const server = isState(answer) ? answer : undefined
    return {
      state: { type: 'writable', last: { writer, server }, answeredAtMs: nowMs, misses: 0, reported },
      effects: [...reports, ...moves, { type: 'found', writer, searchMs }],
    }
  }

  const isWritable = state.type === 'writable'
  const mayBePassing = choice.type === 'none'
  const mayAnswer = isWritable && mayBePassing && answers[state.last.writer.host] === 'pending'
  if (mayAnswer && nowMs - state.answeredAtMs < SILENT_MS)
    return { state: { ...state, reported }, effects: reports }
  if (isWritable && mayBePassing && state.misses + 1 < MAX_MISSES)
    return { state: { ...state, misses: state.misses + 1, reported }, effects: reports }
  const losses: readonly Effect[] = isWritable
    ? [{ type: 'lost', reason: choice.type, writer: state.last.writer }]
    : []
  return {
    state: { type: 'searching', sinceMs: isWritable ? nowMs : state.sinceMs, last: state.last, reported },
    effects: [...reports, ...losses, ...(mayBePassing ? [] : [{ type: 'abandoned' } as const])],
  }
}
