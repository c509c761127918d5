/** Somebody with messages to be read. */
export type MessageSource = Readonly<{
  /** Reads one message; answers whether there are more. Never throws. */
  readOne(): boolean
}>

/** Lets in so many messages in each turn of the event loop, and everybody in their turn. */
export type Intake = Readonly<{
  /** There is something to read. To be called once, until `readOne` has said that there is no more. */
  add(visitor: MessageSource): void
  /** What was read last was refused before anything was done for it: there is room for more than was thought. */
  recordRejection(visitor: MessageSource): void
  /** What was read is being done, after so many milliseconds in which it waited. */
  recordStart(waitedMs: number): void
  /** The longest that a message waited of those that were begun since this was last asked, in milliseconds. */
  takeLongestWaitMs(): number
}>

/** A turn that begins so many operations still takes only some milliseconds. */
const MESSAGES_PER_TURN = 32
/** What a message that is refused at the door costs, as part of one that is done. */
const COST_OF_REFUSAL = 1 / 32

/*
 * When more comes than can be done, the network has it in store by the megabyte, and one turn of the event loop would
 * read it all: nothing else would happen for seconds, no answer of the database would be read, every deadline would
 * pass, and all that work would be for nothing. So a turn takes in a bounded number of messages, and what was begun
 * goes on before more begins. Visitors are read one message each, round by round: whoever sends a thousand waits for
 * themselves, and whoever sends one waits for one round.
 *
 * While senders are held back most of what comes is refused, which costs little. If that counted as a message, refusals
 * would be what everybody waits for, with time to spare, and those whom they concern would hear of them late. So a
 * visitor goes on within a round until refusals have come to one message (deficit round robin, Shreedhar and Varghese
 * 1995, with a quantum of one message).
 */
export function createIntake(perTurn = MESSAGES_PER_TURN): Intake {
  const waiting = new Set<MessageSource>()
  /** Those whose turn in this round is not over yet. */
  const goingOn = new Set<MessageSource>()
  /** What refusals have cost of the present turn of a visitor. */
  const spent = new Map<MessageSource, number>()
  let left = perTurn
  let nextTurn: NodeJS.Immediate | undefined
  let longestMs = 0

  function letIn(): void {
    for (const visitor of goingOn) {
      if (left < 1) break
      goingOn.delete(visitor)
      read(visitor)
    }
    for (const visitor of waiting) {
      if (left < 1) break
      spent.delete(visitor)
      read(visitor)
    }
    // Also where nobody waits: this turn's messages count until it is over.
    if (left < perTurn) nextTurn ??= setImmediate(turn)
  }

  function read(visitor: MessageSource): void {
    left -= 1
    waiting.delete(visitor)
    if (visitor.readOne()) waiting.add(visitor)
    else spent.delete(visitor)
  }

  function turn(): void {
    nextTurn = undefined
    left = perTurn
    letIn()
  }

  return {
    add(visitor) {
      waiting.add(visitor)
      letIn()
    },
    recordRejection(visitor) {
      left = Math.min(perTurn, left + 1 - COST_OF_REFUSAL)
      const cost = (spent.get(visitor) ?? 0) + COST_OF_REFUSAL
      if (waiting.has(visitor)) spent.set(visitor, cost)
      if (cost < 1 && waiting.delete(visitor)) goingOn.add(visitor)
      letIn()
    },
    recordStart(waitedMs) {
      longestMs = Math.max(longestMs, waitedMs)
    },
    takeLongestWaitMs() {
      const answer = longestMs
      longestMs = 0
      return answer
    },
  }
}
