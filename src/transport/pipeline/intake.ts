/** A connection with unread messages. */
export type MessageSource = Readonly<{
  /** Reads one message. Returns whether there are more. Never throws. */
  readOne(): boolean
}>

/** Bounds how many messages are read in each turn of the event loop, and shares them fairly among the connections. */
export type Intake = Readonly<{
  /** Adds a source with unread messages. It stays until its `readOne` returns false. */
  add(source: MessageSource): void
  /** The message just read was rejected before any work was done for it, so that more can be read in this turn. */
  recordRejection(source: MessageSource): void
  /** The work for the message just read starts, after it was queued for `queuedMs`. */
  recordStart(queuedMs: number): void
  /** Returns the longest `queuedMs` since the last call, in milliseconds. */
  takeLongestWaitMs(): number
}>

/** A turn that starts this many usual operations takes only a few milliseconds. */
const MESSAGES_PER_TURN = 32
/** A turn ends after this time, in milliseconds, however few messages it has read. A new document can take 10 ms. */
const TURN_MS = 8
/** The cost of a message that is rejected at once, as a share of one that is processed. */
const REJECTION_COST = 1 / 32

/*
 * Under a flood, the network buffers messages by the megabyte. A turn of the event loop that read all of them would
 * block for seconds: no database result would be read, every deadline would pass, and all that work would be wasted.
 * So a turn reads a bounded number of messages, and work that was started continues before more starts. Sources are
 * read one message each, round by round. A connection that sent a thousand messages waits for itself, and one that
 * sent a single message waits for one round. A message may cost a hundred times as much as another, so a turn is
 * bounded in time as well.
 *
 * While senders are throttled, most messages are rejected, which costs little. If a rejection counted as a message,
 * rejections would fill the rounds although there is time to spare, and clients would learn about them late. So a
 * source continues within a round until its rejections add up to one message. (Deficit round robin, Shreedhar and
 * Varghese 1995, with a quantum of one message.)
 */
export function createIntake(
  perTurn = MESSAGES_PER_TURN,
  elapsedMs: () => number = () => performance.now(),
): Intake {
  const waiting = new Set<MessageSource>()
  /** Sources whose turn in this round is not over. */
  const continuing = new Set<MessageSource>()
  /** The cost of the rejections in the current turn of a source. */
  const spent = new Map<MessageSource, number>()
  let remaining = perTurn
  let startedAt = -Infinity
  let nextTurn: NodeJS.Immediate | undefined
  let longestMs = 0

  function isTurnOver(): boolean {
    return remaining < 1 || (nextTurn !== undefined && elapsedMs() - startedAt >= TURN_MS)
  }

  function readWhileAllowed(): void {
    for (const source of continuing) {
      if (isTurnOver()) break
      continuing.delete(source)
      read(source)
    }
    for (const source of waiting) {
      if (isTurnOver()) break
      spent.delete(source)
      read(source)
    }
  }

  function read(source: MessageSource): void {
    // Needed even if no other source waits: the messages of this turn count until it is over.
    if (nextTurn === undefined) startedAt = elapsedMs()
    nextTurn ??= setImmediate(startTurn)
    remaining -= 1
    if (waiting.size > 0) waiting.delete(source)
    if (source.readOne()) waiting.add(source)
    else if (spent.size > 0) spent.delete(source)
  }

  function startTurn(): void {
    nextTurn = undefined
    remaining = perTurn
    readWhileAllowed()
  }

  return {
    add(source) {
      // Nearly always nothing waits. An entry in a Set for each message would cost more than to read it.
      if (waiting.size + continuing.size === 0 && !isTurnOver()) read(source)
      else waiting.add(source)
      readWhileAllowed()
    },
    recordRejection(source) {
      remaining = Math.min(perTurn, remaining + 1 - REJECTION_COST)
      const cost = (spent.get(source) ?? 0) + REJECTION_COST
      if (waiting.has(source)) spent.set(source, cost)
      if (cost < 1 && waiting.delete(source)) continuing.add(source)
      readWhileAllowed()
    },
    recordStart(queuedMs) {
      longestMs = Math.max(longestMs, queuedMs)
    },
    takeLongestWaitMs() {
      const result = longestMs
      longestMs = 0
      return result
    },
  }
}
