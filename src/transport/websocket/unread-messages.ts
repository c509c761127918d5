import type { Intake, MessageSource } from '../pipeline/intake.ts'
import type { Payer } from '../pipeline/payer.ts'
import type { OwnedSocket } from './owned-socket.ts'
import type { ReadingBudget } from './reading-budget.ts'

/** A text message as it was received, in UTF-8. `receivedAt` is in milliseconds of `performance.now`. */
export type UnreadMessage = Readonly<{ data: Buffer; receivedAt: number }>

/** Handles the messages of one connection, and pays for them. */
export type UnreadOwner = Payer & Readonly<{ handleMessage(message: UnreadMessage): void }>

type Dependencies = Readonly<{
  socket: Pick<OwnedSocket, 'pause' | 'resume'>
  intake: Pick<Intake, 'add'>
  reading: ReadingBudget
}>

export type ReadingState = 'idle' | 'queued' | 'held' | 'ended'
export type ReadingInput = 'received' | 'filled' | 'emptied' | 'indebted' | 'released' | 'ended'
export type ReadingEffect = 'pause' | 'resume' | 'join intake' | 'start timer' | 'stop timer'
type Step = Readonly<{ state: ReadingState; effects: readonly ReadingEffect[] }>

/*
 * The messages of a connection wait here until the intake has a turn for them. Two reasons stop reading from the
 * network, which then buffers the rest and slows the client down:
 *
 *   - the queue is full ('filled');
 *   - the payer has used up the budget for reading ('indebted'). The messages then leave the intake as well, so that
 *     they take no turns from others, until the budget has refilled or a token was accepted ('released').
 *
 *                 received                 indebted
 *        ┌──────┐ ───────► ┌────────┐ ─────────────► ┌──────┐
 *        │ idle │          │ queued │                │ held │        any ── ended ──► ended
 *        └──────┘ ◄─────── └────────┘ ◄───────────── └──────┘
 *                 emptied    ↺ filled     released
 *
 * A queue that is full is read to its end before the network is read again. Otherwise a client beyond its rate would
 * cause a system call or two for each message. The socket resumes at the end too: a paused socket never closes.
 */
const TRANSITIONS: Readonly<Record<ReadingState, Partial<Record<ReadingInput, Step>>>> = {
  idle: {
    received: { state: 'queued', effects: ['join intake'] },
    ended: { state: 'ended', effects: ['resume'] },
  },
  queued: {
    filled: { state: 'queued', effects: ['pause'] },
    emptied: { state: 'idle', effects: ['resume'] },
    indebted: { state: 'held', effects: ['pause', 'start timer'] },
    ended: { state: 'ended', effects: ['resume'] },
  },
  held: {
    released: { state: 'queued', effects: ['stop timer', 'join intake'] },
    ended: { state: 'ended', effects: ['stop timer', 'resume'] },
  },
  ended: {},
}

/** Undefined if the input means nothing in this state. Constant steps, because each message takes two of them. */
export function transition(state: ReadingState, input: ReadingInput): Step | undefined {
  return TRANSITIONS[state][input]
}

/** About what the network delivers at once. Less would hide how long messages wait: the network does not tell. */
const MAX_BYTES = 65_536
/** The cost of each message besides its text. Without it, a flood of empty messages would have no bound. */
const BYTES_PER_MESSAGE = 64

/**
 * Up to this many unread messages are no backlog. A client that sends at the pace of a person and acknowledges what
 * arrives has no more under way, however late its turn comes.
 */
const MAX_NORMAL = 2

/** The messages of one connection that were received and not read yet. */
export class UnreadMessages implements MessageSource {
  readonly #socket: Dependencies['socket']
  readonly #intake: Dependencies['intake']
  readonly #reading: ReadingBudget
  readonly #owner: UnreadOwner
  #state: ReadingState = 'idle'
  /** Undefined if there are none, as nearly always. */
  #messages: UnreadMessage[] | undefined
  #bytes = 0
  /** The first message is free: it has the token of a client that means to sign in. */
  #isNextFree = true
  #timer: NodeJS.Timeout | undefined
  /** When messages were held for the last time: waiting for that is no sign of load. */
  #heldUntil = 0
  #queuedMs = 0

  constructor({ socket, intake, reading }: Dependencies, owner: UnreadOwner) {
    this.#socket = socket
    this.#intake = intake
    this.#reading = reading
    this.#owner = owner
  }

  /** How long the message that is being read was queued, in milliseconds. */
  get queuedMs(): number {
    return this.#queuedMs
  }

  /** As `queuedMs`, if more messages of this client wait than normal. 0 if it waited for other clients alone. */
  get backlogMs(): number {
    return (this.#messages?.length ?? 0) > MAX_NORMAL ? this.#queuedMs : 0
  }

  add(data: Buffer): void {
    if (this.#state === 'ended') return
    this.#messages ??= []
    this.#messages.push({ data, receivedAt: performance.now() })
    this.#bytes += data.byteLength + BYTES_PER_MESSAGE
    if (this.#state === 'idle') this.#apply('received')
    if (this.#bytes > MAX_BYTES) this.#apply('filled')
  }

  /** Reads the oldest message, unless the payer is in debt. Returns whether there are more to be read now. */
  readOne(): boolean {
    if (this.#state !== 'queued') return false
    const isFree = this.#isNextFree
    this.#isNextFree = false
    const waitMs = isFree ? 0 : this.#reading.waitMs(this.#owner)
    if (waitMs > 0) {
      this.#apply('indebted', waitMs)
      return false
    }
    this.#readOldest(isFree)
    return this.#messages !== undefined
  }

  /** Call it if the payer is another one from now on. Reads messages that are held. */
  release(): void {
    if (this.#state === 'held') this.#heldUntil = performance.now()
    this.#apply('released')
  }

  /** Drops the messages, and all that follow. */
  end(): void {
    this.#messages = undefined
    this.#apply('ended')
  }

  #readOldest(isFree: boolean): void {
    const oldest = this.#messages?.shift()
    if (oldest === undefined) return
    if (this.#messages?.length === 0) this.#messages = undefined
    this.#bytes -= oldest.data.byteLength + BYTES_PER_MESSAGE
    const startedAt = performance.now()
    this.#queuedMs = startedAt - Math.max(oldest.receivedAt, this.#heldUntil)
    this.#owner.handleMessage(oldest)
    if (!isFree) this.#reading.charge(this.#owner, performance.now() - startedAt)
    if (this.#messages === undefined) this.#apply('emptied')
  }

  #apply(input: ReadingInput, waitMs = 0): void {
    const step = transition(this.#state, input)
    if (step === undefined) return
    this.#state = step.state
    for (const effect of step.effects) this.#perform(effect, waitMs)
  }

  #perform(effect: ReadingEffect, waitMs: number): void {
    switch (effect) {
      case 'pause':
        return this.#socket.pause()
      case 'resume':
        return this.#socket.resume()
      case 'join intake':
        return this.#intake.add(this)
      case 'start timer':
        this.#timer = setTimeout(() => this.release(), waitMs)
        return
      case 'stop timer':
        clearTimeout(this.#timer)
        this.#timer = undefined
        return
      default:
        effect satisfies never
    }
  }
}
