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
  /** All gateways; the device begins with the first, and goes on to the next whenever it loses one. */
  urls: readonly string[]
  /** Which one is the next. */
  stride: 1 | -1
  recorder: HistoryRecorder
  post(url: string, query: string, variables: object): Promise<unknown>
  token: string
  /** For how long a connection may say nothing before the device looks for another; undefined: for ever. */
  silenceTimeoutMs?: number
  /** It subscribes without its id, and is not owed what it missed. A fault for checkers to find. */
  omitsDeviceId?: boolean
  /** It loses this one event of each chat. A fault for checkers to find. */
  droppedSeq?: number
}>

/** After so many new events of a chat a device acknowledges them. */
const ACKNOWLEDGE_EVERY = 20

/** A gateway that is frozen takes connections and then says nothing. */
class ImpatientSocket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols, { handshakeTimeout: 1_500 })
  }
}

/** A device with one inbox, which comes back for ever, on whatever gateway answers. */
export class LoadDevice {
  readonly id: string
  /** Why its connections ended, as often as they did. */
  readonly interruptions: string[] = []
  readonly #options: LoadDeviceOptions
  readonly #heads = new Map<string, number>()
  readonly #acknowledged = new Map<string, number>()
  readonly #news = new EventEmitter().setMaxListeners(0)
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

  /** Lets go of the inbox it has, opens another one, and resolves when that has replayed what it owed. */
  async resubscribe(timeoutMs = 15_000): Promise<void> {
    await this.close()
    this.#ended = new AbortController()
    const first = this.#subscription + 1
    this.#running = this.#run(this.#ended.signal)
    await this.#until(() => this.#caughtUp >= first, timeoutMs)
  }

  /** Resolves when the device has everything up to these heads. */
  async waitForHeads(heads: ReadonlyMap<string, number>, timeoutMs: number): Promise<void> {
    await this.#until(() => [...heads].every(([chat, seq]) => (this.#heads.get(chat) ?? 0) >= seq), timeoutMs)
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#running
    await this.#acknowledging
  }

  async #until(condition: () => boolean, timeoutMs: number): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs)
    while (!condition()) await once(this.#news, 'news', { signal })
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
        this.#take(data.inbox)
      }
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  /** One connection that does not come back by itself, so that each is a subscription of its own. */
  #connect() {
    const { silenceTimeoutMs: patienceMs, token } = this.#options
    let silence: NodeJS.Timeout | undefined
    const client = createClient({
      url: this.#url.replace('http', 'ws'),
      webSocketImpl: ImpatientSocket,
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

  #take(item: StreamItem): void {
    const { recorder, droppedSeq: drops } = this.#options
    if (item.__typename === 'InboxReset') recorder.resets.push(this.id)
    if (item.__typename === 'CaughtUp') this.#caughtUp = this.#subscription
    const isOfLog = item.__typename === 'MessageSent' || item.__typename === 'ChatUpdated'
    if (isOfLog && item.seq !== drops) this.#record(item)
    this.#news.emit('news')
  }

  #record(item: StreamItem): void {
    const { chat, seq } = item
    if (chat === undefined || seq === undefined) throw new Error('Not an event of a log')
    const delivery = { device: this.id, subscription: this.#subscription, seq, chatId: chat.id }
    this.#options.recorder.deliveries.push({ ...delivery, ...contentOf(item) })
    this.#heads.set(chat.id, Math.max(seq, this.#heads.get(chat.id) ?? 0))
    if (seq >= (this.#acknowledged.get(chat.id) ?? 0) + ACKNOWLEDGE_EVERY) this.#acknowledge()
  }

  /** One at a time; what fails is made good by a later one, as positions only grow. */
  #acknowledge(): void {
    if (this.#options.omitsDeviceId === true) return
    this.#acknowledging ??= this.#tellHeads().finally(() => (this.#acknowledging = undefined))
  }

  async #tellHeads(): Promise<void> {
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

/** That a group was made is known by the log's name for it. */
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
