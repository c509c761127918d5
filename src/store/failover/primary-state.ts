import type { ServerState } from '../sql/server-state.ts'
import { type Answers, type Choice, chooseWriter, isSame, type Writable } from './choose-writer.ts'

/** A writer and the state that it last reported. */
export type SeenWriter = Readonly<{ writer: Writable; server: ServerState | undefined }>

/**
 * The knowledge of a gateway about the primary. `last` is the latest writer, to which open connections still lead.
 * `reported` holds the refused servers that were reported last.
 */
export type PrimaryState = Readonly<{ reported: readonly Writable[] }> &
  (
    | Readonly<{ type: 'searching'; sinceMs: number; last: SeenWriter | undefined }>
    /** `misses`: checks in a row that found no writer. */
    | Readonly<{ type: 'writable'; last: SeenWriter; misses: number }>
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
  | Readonly<{ type: 'refused'; refused: readonly Writable[] }>

/** How many checks in a row may find no writer before the known one counts as gone. Its connections may still work. */
const MAX_MISSES = 3

/*
 *                           a writer is found
 *               ┌──────────────────────────────────────┐
 *               │                                      ▼
 *   start ─▶ searching                              writable ──┐ a writer is found: misses = 0
 *               ▲                                      │  ▲    │ (another server: moved)
 *               └──────────────────────────────────────┘  └────┘ no writer: misses + 1
 *                 no writer for the third time in a row,
 *                 or at once: only outdated servers, or a split
 */
export function transition(
  state: PrimaryState,
  { answers, highestTimeline, nowMs }: Check,
): Readonly<{ state: PrimaryState; effects: readonly Effect[] }> {
  const choice = chooseWriter(answers, highestTimeline, state.last?.writer)
  const reported = choice.type === 'none' ? [] : choice.refused
  const isNews = reported.length > 0 && JSON.stringify(reported) !== JSON.stringify(state.reported)
  const reports: readonly Effect[] = isNews ? [{ type: 'refused', refused: reported }] : []

  if (choice.type === 'found') {
    const { writer } = choice
    const hasMoved = state.last !== undefined && !isSame(writer, state.last.writer)
    const moves: readonly Effect[] = hasMoved ? [{ type: 'moved', writer }] : []
    const searchMs = state.type === 'searching' ? nowMs - state.sinceMs : undefined
    return {
      state: { type: 'writable', last: { writer, server: answers[writer.host] }, misses: 0, reported },
      effects: [...reports, ...moves, { type: 'found', writer, searchMs }],
    }
  }

  const isWritable = state.type === 'writable'
  const mayBePassing = choice.type === 'none'
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
