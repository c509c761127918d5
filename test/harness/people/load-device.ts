import { EventEmitter, once } from 'node:events'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { pause } from '../../../src/lib/async.ts'
import { INBOX, MARK_DELIVERED } from './documents.ts'
import type { Content, HistoryRecorder } from '../checkers/history.ts'
import type { StreamItem } from './person.ts'

export type LoadDeviceOptions = Readonly<{
  id: string
  owner: string
  /** All gateways. The device starts with the first and moves to the next when it loses its connection. */
  urls: readonly string[]
  /** The direction in which it moves through `urls`. */
  stride: 1 | -1
  recorder: HistoryRecorder
  post(url: string, query: string, variables: object): Promise<unknown>
  token: string
  /** How long a connection may stay silent before the device drops it. Default: forever. */
  silenceTimeoutMs?: number
  /** Subscribes without a device id, so that missed events are not replayed. A fault for the checker to find. */
  omitsDeviceId?: boolean
  /** Loses the event with this seq of each chat. A fault for the checker to find. */
  droppedSeq?: number
}>

/** A device acknowledges a chat after this many new events. */
const ACKNOWLEDGE_EVERY = 20

/** A socket with a short handshake timeout: a frozen gateway accepts connections and never responds. */
class ShortHandshakeSocket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols, { handshakeTimeout: 1_500 })
  }
}

/** A device with one inbox. It reconnects forever, to any gateway that responds. */
export class LoadDevice {
  readonly id: string
  /** The reason of each interruption. */
  readonly interruptions: string[] = []
  readonly #options: LoadDeviceOptions
  readonly #heads = new Map<string, number>()
  readonly #acknowledged = new Map<string, number>()
  readonly #received = new EventEmitter().setMaxListeners(0)
  #subscription = 0
  #caughtUp = 0
  #ended = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #acknowledging: Promise<void> | undefined

  constructor(options: LoadDeviceOptions) {
    this.id = options.id
    this.#options = options
    options.recorder.devices.set(options.id, options.owner)
  }

  /** Closes its inbox and opens another. Resolves when the new one has replayed all pending events. */
  async resubscribe(timeoutMs = 15_000): Promise<void> {
    await this.close()
    this.#ended = new AbortController()
    const first = this.#subscription + 1
    this.#running = this.#run(this.#ended.signal)
    await this.#until(() => this.#caughtUp >= first, timeoutMs)
  }

  /** Resolves when the device has all events up to these heads. */
  async waitForHeads(heads: ReadonlyMap<string, number>, timeoutMs: number): Promise<void> {
    await this.#until(() => [...heads].every(([chat, seq]) => (this.#heads.get(chat) ?? 0) >= seq), timeoutMs)
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#running
    await this.#acknowledging
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #until(condition: () => boolean, timeoutMs: number): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs)
    while (!condition()) await once(this.#received, 'item', { signal })
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#subscription += 1
      try {
        await this.#subscribe(signal)
        this.interruptions.push('completed')
      } catch (error) {
        this.interruptions.push(describe(error))
      }
      await pause(50 + Math.random() * 100, signal)
    }
  }

  get #url(): string {
    const { urls, stride } = this.#options
    return urls.at((stride * (this.#subscription - 1)) % urls.length) ?? ''
  }

  async #subscribe(signal: AbortSignal): Promise<void> {
    using connection = this.#connect()
    const { client } = connection
    const deviceId = this.#options.omitsDeviceId === true ? undefined : this.id
    const events = client.iterate<{ inbox: StreamItem }>({ query: INBOX, variables: { deviceId } })
    const end = (): void => connection.end()
    signal.addEventListener('abort', end)
    try {
      for await (const { data, errors } of events) {
        if (signal.aborted) return
        if (data === undefined || data === null) throw new Error(JSON.stringify(errors))
        this.#handle(data.inbox)
      }
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  /** Creates a connection without retries, so that each connection is a separate subscription. */
  #connect() {
    const { silenceTimeoutMs: patienceMs, token } = this.#options
    let silence: NodeJS.Timeout | undefined
    const client = createClient({
      url: this.#url.replace('http', 'ws'),
      webSocketImpl: ShortHandshakeSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      connectionAckWaitTimeout: 3_000,
      retryAttempts: 0,
      ...(patienceMs !== undefined && { keepAlive: patienceMs / 2 }),
      on: {
        ping: (received) => {
          if (!received) silence ??= setTimeout(() => client.terminate(), patienceMs)
        },
        pong: (received) => {
          if (!received) return
          clearTimeout(silence)
          silence = undefined
        },
      },
    })
    const end = (): void => {
      clearTimeout(silence)
      client.terminate()
    }
    return { client, end, [Symbol.dispose]: end }
  }

  #handle(item: StreamItem): void {
    const { recorder, droppedSeq: drops } = this.#options
    if (item.__typename === 'InboxReset') recorder.resets.push(this.id)
    if (item.__typename === 'CaughtUp') this.#caughtUp = this.#subscription
    if (item.__typename === 'ReceiptAdvanced') this.#recordReceipt(item)
    const isLogged = item.__typename === 'MessageSent' || item.__typename === 'ChatUpdated'
    if (isLogged && item.seq !== drops) this.#record(item)
    this.#received.emit('item')
  }

  #recordReceipt({ chat, user, deliveredSeq, readSeq }: StreamItem): void {
    const { id: userId } = user as { id: string }
    this.#options.recorder.receipts.push({
      device: this.id,
      subscription: this.#subscription,
      chatId: chat?.id ?? '',
      userId,
      deliveredSeq: Number(deliveredSeq),
      readSeq: Number(readSeq),
    })
  }

  #record(item: StreamItem): void {
    const { chat, seq } = item
    if (chat === undefined || seq === undefined) throw new Error('The item is not an event of a log.')
    const delivery = { device: this.id, subscription: this.#subscription, seq, chatId: chat.id }
    this.#options.recorder.deliveries.push({ ...delivery, ...contentOf(item) })
    this.#heads.set(chat.id, Math.max(seq, this.#heads.get(chat.id) ?? 0))
    if (seq >= (this.#acknowledged.get(chat.id) ?? 0) + ACKNOWLEDGE_EVERY) this.#acknowledge()
  }

  /** One at a time. A later acknowledgement replaces a failed one, because positions never decrease. */
  #acknowledge(): void {
    if (this.#options.omitsDeviceId === true) return
    this.#acknowledging ??= this.#sendHeads().finally(() => (this.#acknowledging = undefined))
  }

  async #sendHeads(): Promise<void> {
    const heads = [...this.#heads]
    const positions = heads.map(([chatId, seq]) => ({ chatId, seq }))
    try {
      await this.#options.post(this.#url, MARK_DELIVERED, { input: { deviceId: this.id, positions } })
      for (const [chatId, seq] of heads) this.#acknowledged.set(chatId, seq)
    } catch (error) {
      this.interruptions.push(`acknowledging: ${describe(error)}`)
    }
  }
}

/** The event that creates a group has no message, so its type in the log serves as the key. */
function contentOf({ message, actor }: StreamItem): Pick<Content, 'sender' | 'key' | 'body'> {
  if (message === undefined) return { sender: (actor as { id: string }).id, key: 'CHAT_UPDATED', body: null }
  return { sender: message.sender.id, key: message.clientMessageId, body: message.body }
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.message
  if (typeof error === 'object' && error !== null && 'code' in error)
    return `closed with ${String(error.code)}`
  return JSON.stringify(error)
}
