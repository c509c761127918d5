import { pause } from '../../src/lib/async.ts'
import { Connection } from './connection.ts'
import { SEND, START_DIRECT_CHAT } from './documents.ts'
import type { SoakStatistics } from './soak-statistics.ts'
import { StreamOrder } from './stream-order.ts'
import { tokenFor } from './token.ts'

const INBOX = `subscription Inbox($deviceId: String) {
  inbox(deviceId: $deviceId) {
    __typename
    ... on MessageSent { seq message { id body sentAt sender { id name } } chat { id } }
  }
}`
const DELIVERED = `mutation Delivered($input: MarkDeliveredInput!) { markDelivered(input: $input) { members { deliveredSeq } } }`
const DEVICE = 'phone'
const RETRY_MS = 1_000
const TEXT = 'Happy new year! This is a message of about a hundred characters, as people write them.'

type Item = Readonly<{ __typename: string; seq: number; message: Readonly<{ body: string }> }>
export type SoakPairOptions = Readonly<{
  index: number
  senderUrl: string
  recipientUrl: string
  secret: string
  statistics: SoakStatistics
}>

/** A sender, and a recipient who acknowledges what arrives, and who leaves and returns. */
export class SoakPair {
  readonly #options: SoakPairOptions
  readonly #order = new StreamOrder()
  readonly #sender: Connection
  #recipient: Connection
  #chatId = ''
  #isLeaving = false
  #acknowledgement: Promise<void> | undefined

  private constructor(options: SoakPairOptions, sender: Connection, recipient: Connection) {
    this.#options = options
    this.#sender = sender
    this.#recipient = recipient
  }

  /** Resolves when the recipient's inbox is live. */
  static async open(options: SoakPairOptions): Promise<SoakPair> {
    const { index, senderUrl, recipientUrl, secret } = options
    const [sender, recipient] = await Promise.all([
      Connection.open(senderUrl, tokenFor(secret, `sender${index}`)),
      Connection.open(recipientUrl, tokenFor(secret, `recipient${index}`)),
    ])
    const { data, errors } = await sender.ask(START_DIRECT_CHAT, {
      input: { userId: `user_recipient${index}` },
    })
    if (!data) throw new Error(JSON.stringify(errors))
    const pair = new SoakPair(options, sender, recipient)
    pair.#chatId = (data['startDirectChat'] as { chat: { id: string } }).chat.id
    void sender.closed.then(() => options.statistics.count('closed'))
    await pair.#startInbox()
    return pair
  }

  send(number: number, dueAt: number): void {
    const { index, statistics } = this.#options
    const input = {
      chatId: this.#chatId,
      clientMessageId: `sender${index}-${number}`,
      body: `${number} ${TEXT}`,
    }
    statistics.ledger.sent(number, dueAt)
    this.#sender.start(SEND, { input }, ({ errors }) => {
      if (errors === undefined) statistics.ledger.answered(number)
      else statistics.refused(number)
    })
  }

  /** Acknowledges all that arrived. Resolves when the gateway has confirmed it. One call is in flight at a time. */
  acknowledge(): Promise<void> {
    this.#acknowledgement ??= this.#acknowledge().finally(() => (this.#acknowledgement = undefined))
    return this.#acknowledgement
  }

  /** Acknowledges, disconnects, and returns with a new connection. */
  async reconnect(): Promise<void> {
    if (this.#isLeaving) return
    this.#isLeaving = true
    await this.acknowledge()
    this.#recipient.close()
    await this.#recipient.closed
    this.#recipient = await this.#connect()
    this.#isLeaving = false
    await this.#startInbox()
    this.#options.statistics.count('reconnects')
  }

  /** Tries until a gateway accepts the connection. */
  async #connect(): Promise<Connection> {
    const { index, recipientUrl, secret } = this.#options
    for (;;) {
      try {
        return await Connection.open(recipientUrl, tokenFor(secret, `recipient${index}`))
      } catch {
        await pause(RETRY_MS)
      }
    }
  }

  async #acknowledge(): Promise<void> {
    const { received } = this.#order
    if (received === 0) return
    const input = { deviceId: DEVICE, positions: [{ chatId: this.#chatId, seq: received }] }
    const { errors } = await this.#recipient.ask(DELIVERED, { input })
    // A refused acknowledgement is repeated by the next one.
    if (errors === undefined) this.#order.acknowledge(received)
  }

  async #startInbox(): Promise<void> {
    const recipient = this.#recipient
    void recipient.closed.then(() => this.#return(recipient))
    this.#order.startStream()
    const { promise, resolve } = Promise.withResolvers<void>()
    recipient.start(INBOX, { deviceId: DEVICE }, ({ data }) => {
      const item = data?.['inbox'] as Item | undefined
      if (item?.__typename === 'MessageSent') this.#take(item)
      else resolve()
    })
    await promise
  }

  #take({ seq, message }: Item): void {
    this.#options.statistics.arrived(Number.parseInt(message.body, 10), this.#order.take(seq))
  }

  /** The gateway has closed the connection. */
  #return(closed: Connection): void {
    if (this.#isLeaving || closed !== this.#recipient) return
    this.#options.statistics.count('closed')
    void this.reconnect()
  }
}
