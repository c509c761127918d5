/** Somebody with messages to be read. */
export type Visitor = Readonly<{
  /** Since when the next of them waits, in monotonic milliseconds. */
  waitingSince(): number
  /** Reads one message; answers whether there are more. Never throws. */
  readOne(): boolean
}>

/** Lets in so many messages in each turn of the event loop, and everybody in their turn. */
export type Intake = Readonly<{
  /** There is something to read. To be called once, until `readOne` has said that there is no more. */
  enter(visitor: Visitor): void
  /** The longest that a message waited of those read since this was last asked, in milliseconds. */
  longestWaitMs(): number
}>

/** A turn that begins so many operations still takes only some milliseconds. */
const MESSAGES_PER_TURN = 32

/*
 * When more comes than can be done, the network has it in store by the megabyte, and one turn of the event loop would
 * read it all: nothing else would happen for seconds, no answer of the database would be read, every deadline would
 * pass, and all that work would be for nothing. So a turn takes in a bounded number of messages, and what was begun
 * goes on before more begins. Visitors are read one message each, round by round: whoever sends a thousand waits for
 * themselves, and whoever sends one waits for one round.
 */
export function createIntake(perTurn = MESSAGES_PER_TURN, now = () => performance.now()): Intake {
  const waiting = new Set<Visitor>()
  let left = perTurn
  let nextTurn: NodeJS.Immediate | undefined
  let longestMs = 0

  function letIn(): void {
    for (const visitor of waiting) {
      if (left === 0) break
      left -= 1
      waiting.delete(visitor)
      longestMs = Math.max(longestMs, now() - visitor.waitingSince())
      if (visitor.readOne()) waiting.add(visitor)
    }
    // Also where nobody waits: this turn's messages count until it is over.
    if (left < perTurn) nextTurn ??= setImmediate(turn)
  }

  function turn(): void {
    nextTurn = undefined
    left = perTurn
    letIn()
  }

  return {
    enter(visitor) {
      waiting.add(visitor)
      letIn()
    },
    longestWaitMs() {
      const answer = longestMs
      longestMs = 0
      return answer
    },
  }
}
