import { LinkedMap } from '../../lib/linked-map.ts'
import type { WalPosition } from '../sql/server-state.ts'

/** Marks that gateways share: the highest of each name that any of them has set in the last minute. */
export type SharedMarks = Readonly<{
  raise(name: string, mark: number): Promise<void>
  /** 0 where there is none. Rejects where nobody can say. */
  read(name: string): Promise<number>
}>

/** How far each person's reads have to reach, so that nobody misses what they wrote or were told. */
export type ViewerMarks = Readonly<{
  /** They wrote, a moment ago. Resolves with what a read has to reach, also on other gateways; undefined: unknown. */
  wrote(viewerId: string): Promise<WalPosition | undefined>
  /** They were told something, or wrote something of which nobody knows where it is. Costs nothing until they read. */
  told(viewerId: string): void
  /** What a read of theirs has to reach; undefined: nobody can say. */
  required(viewerId: string): Promise<WalPosition | undefined>
}>

type Dependencies = Readonly<{
  /** Where the primary's log ends, at a moment after the call. */
  sample(): Promise<WalPosition>
  /** Where it ended when there was one last; undefined while there is a primary that can be asked. */
  lastWords(): WalPosition | undefined
  shared: SharedMarks | undefined
  now(): number
}>

/** `open`: what happened since `position` was known, of which nobody knows yet where in the log it is. */
type Mark = { position: WalPosition; open: 'nothing' | 'told' | 'wrote'; at: number }

/** Replicas that are further behind are not read from: what is older than that is on all of them. */
const KEEP_MS = 60_000
/** The most people that are remembered; those beyond are those who did nothing for the longest time. */
const MAX_PEOPLE = 100_000

export function createViewerMarks({
  sample,
  lastWords: lastWordsOf,
  shared,
  now,
}: Dependencies): ViewerMarks {
  const marks = new LinkedMap<string, Mark>()
  /** Whoever was forgotten in a crowd has to be taken for one who was told something just now. */
  let forgottenAt = -Infinity

  function touch(viewerId: string): Mark {
    const mark: Mark = marks.get(viewerId) ?? { position: 0, open: 'nothing' as const, at: 0 }
    marks.set(viewerId, mark)
    mark.at = now()
    forget()
    return mark
  }

  function forget(): void {
    while (marks.oldest !== undefined) {
      const isOld = now() - marks.oldest.value.at > KEEP_MS
      if (!isOld && marks.size <= MAX_PEOPLE) return
      if (!isOld) forgottenAt = now()
      marks.delete(marks.oldest.key)
    }
  }

  /**
   * What came before the sample is before it in the log. While there is no primary nothing new can be told either:
   * who was told something is shown what the standbys have, and who wrote something waits.
   */
  async function settle(mark: Mark): Promise<WalPosition | undefined> {
    const { open } = mark
    if (open === 'nothing') return mark.position
    const lastWords = lastWordsOf()
    if (lastWords !== undefined) return open === 'told' ? Math.max(mark.position, lastWords) : undefined
    mark.open = 'nothing'
    try {
      mark.position = Math.max(mark.position, await sample())
      return mark.position
    } catch {
      // The primary went away in the meantime.
      mark.open = open
      return undefined
    }
  }

  async function sharedMark(viewerId: string): Promise<WalPosition | undefined> {
    try {
      return (await shared?.read(viewerId)) ?? 0
    } catch {
      // What other gateways know can't be known: the caller has to take the worst for granted.
      return undefined
    }
  }

  return {
    async wrote(viewerId) {
      const mark = touch(viewerId)
      mark.open = 'wrote'
      const position = await settle(mark)
      // Late rather than never: a gateway that does not hear of it reads from the primary while Redis is away.
      if (position !== undefined) await shared?.raise(viewerId, position).catch(() => undefined)
      return position
    },

    told(viewerId) {
      const mark = touch(viewerId)
      if (mark.open === 'nothing') mark.open = 'told'
    },

    async required(viewerId) {
      const mark = marks.get(viewerId)
      const elsewhere = await sharedMark(viewerId)
      if (elsewhere === undefined) return undefined
      if (mark === undefined) return now() - forgottenAt > KEEP_MS ? elsewhere : undefined
      const own = await settle(mark)
      return own === undefined ? undefined : Math.max(own, elsewhere)
    },
  }
}
