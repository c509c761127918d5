import { pause } from '../../src/lib/async.ts'
import type { Answer, Connection } from '../load/connection.ts'
import type { Statistics } from './statistics.ts'

const INBOX = `subscription ($deviceId: String) {
  inbox(deviceId: $deviceId) {
    __typename
    ... on MessageSent { chat { id } seq message { clientMessageId body sender { id name } } }
    ... on ReceiptAdvanced { chat { id } user { id } deliveredSeq readSeq }
  }
}`
const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id seq status } } }`
const DELIVERED = `mutation ($input: MarkDeliveredInput!) { markDelivered(input: $input) { members { deliveredSeq } } }`

type InboxItem = Readonly<{
  __typename: string
  chat: { id: string }
  seq: number
  message: { clientMessageId: string; body: string; sender: { id: string } }
  user: { id: string }
  deliveredSeq: number
}>

/** A user with one chat and one device: sends, receives, acknowledges, and reconnects. */
export class SimulatedUser {
  readonly #parts: Parts
  #connection: Connection
  #sends = 0
  #receivedSeq = 0
  #acknowledgedSeq = 0
  #deliveredSeq = 0
  #isAcknowledging = false

  constructor(connection: Connection, parts: Parts) {
    this.#connection = connection
    this.#parts = parts
  }

  /** Resolves when the inbox is live for the first time. Subscribes again after each reconnect. */
  async subscribe(): Promise<void> {
    await this.#subscribe()
    void this.#reconnect()
  }

  send(): void {
    const { statistics, id, chatId } = this.#parts
    const clientMessageId = `${id}-${(this.#sends += 1)}`
    const input = { chatId, clientMessageId, body: `${performance.now()} Happy new year!` }
    statistics.offered()
    this.#connection.start(SEND, { input }, ({ errors: [error] = [] }) => {
      if (error === undefined) statistics.acknowledged(clientMessageId)
      else statistics.refused(error.extensions.code)
    })
  }

  async #subscribe(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#connection.start(INBOX, { deviceId: 'phone' }, ({ data }: Answer) => {
      const item = data?.['inbox'] as InboxItem | undefined
      if (item?.__typename === 'CaughtUp') resolve()
      if (item?.__typename === 'MessageSent') this.#receive(item)
      if (item?.__typename === 'ReceiptAdvanced') this.#recordReceipt(item)
    })
    await promise
  }

  /** Reconnects forever. */
  async #reconnect(): Promise<never> {
    for (;;) {
      let { reason } = await this.#connection.closed
      for (let isConnected = false; !isConnected;) {
        await pause(reconnectMs(reason))
        try {
          this.#connection = await this.#parts.connect()
          isConnected = true
        } catch (error) {
          reason = error instanceof Error ? error.message : ''
        }
      }
      void this.#subscribe()
    }
  }

  #receive({ seq, message }: InboxItem): void {
    if (message.sender.id === this.#parts.id) return
    const [sentAt = ''] = message.body.split(' ', 1)
    const { statistics, id } = this.#parts
    statistics.received(message.clientMessageId, `${id} ${seq}`, performance.now() - Number(sentAt))
    this.#receivedSeq = Math.max(this.#receivedSeq, seq)
    this.#acknowledge()
  }

  /** Acknowledges. One call is in flight, and later positions go into the next. */
  #acknowledge(): void {
    if (this.#isAcknowledging || this.#receivedSeq <= this.#acknowledgedSeq) return
    this.#isAcknowledging = true
    const seq = this.#receivedSeq
    const input = { deviceId: 'phone', positions: [{ chatId: this.#parts.chatId, seq }] }
    this.#connection.start(DELIVERED, { input }, ({ errors }) => {
      this.#isAcknowledging = false
      if (errors === undefined) this.#acknowledgedSeq = seq
      // PROTOCOL.md: retry a rejected acknowledgement later.
      if (errors === undefined) this.#acknowledge()
      else setTimeout(() => this.#acknowledge(), 1_000)
    })
  }

  /** Records that the other user has everything up to this position. */
  #recordReceipt({ user, deliveredSeq }: InboxItem): void {
    if (user.id === this.#parts.id) return
    for (let seq = this.#deliveredSeq + 1; seq <= deliveredSeq; seq += 1)
      this.#parts.statistics.receipted(`${user.id} ${seq}`)
    this.#deliveredSeq = Math.max(this.#deliveredSeq, deliveredSeq)
  }
}

/** Returns the wait before a reconnect: the gateway's hint, or about a second. */
function reconnectMs(reason: string): number {
  const [, hint] = /come back in (\d+) ms/.exec(reason) ?? []
  return hint === undefined ? 500 + 1_000 * Math.random() : Number(hint)
}

type Parts = Readonly<{ connect(): Promise<Connection>; statistics: Statistics; id: string; chatId: string }>
