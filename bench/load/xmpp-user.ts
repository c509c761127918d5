import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import type { ClientOptions, Listener, User } from './user.ts'
import { NUMBER, NumberedText, readNumber } from './numbered-frame.ts'

/*
 * A user of an XMPP server. Messages are found in the stream by their body, and nothing else is parsed while a load
 * runs. XMPP has no answer to a message. ejabberd archives a message before it delivers it, so its arrival counts as
 * both.
 */

const BODY = Buffer.from('<body>n')
const MESSAGE_BYTES = BODY.length + NUMBER.length
const NOTHING = Buffer.alloc(0)
const TEXT = 'Happy new year! This is a message of about a hundred characters, as people write them.'
const PASSWORD = 'secret'
const STREAM =
  "<stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
const BIND =
  "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>phone</resource></bind></iq>"

export class XmppUser implements User {
  readonly name: string
  /** Resolves when the connection has ended. */
  readonly closed: Promise<string>
  readonly #socket: Socket
  #listener: Listener = { arrived: () => undefined, answered: () => undefined }
  #rest: Buffer = NOTHING

  private constructor(name: string, socket: Socket) {
    this.name = name
    this.#socket = socket
    this.closed = new Promise((resolve) =>
      socket.once('close', () => resolve('the server closed the stream')),
    )
  }

  /** Connects, authenticates and binds a device. */
  static async open({ url, name }: ClientOptions): Promise<XmppUser> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname).setNoDelay(true)
    await once(socket, 'connect')
    // A reset is an error and then a close. The close is what users of this class see.
    socket.on('error', () => socket.destroy())
    const auth = Buffer.from(`\0${name}\0${PASSWORD}`).toString('base64')
    await exchange(socket, STREAM, '</stream:features>')
    await exchange(
      socket,
      `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${auth}</auth>`,
      '<success',
    )
    await exchange(socket, STREAM, '</stream:features>')
    await exchange(socket, BIND, '</jid>')
    const user = new XmppUser(name, socket)
    socket.on('data', (chunk: Buffer) => user.#read(chunk))
    return user
  }

  /** Returns the address of the other user. There are no chats to create. */
  async startDirectChat(other: User): Promise<string> {
    return `${other.name}@localhost`
  }

  async startInbox(): Promise<void> {
    this.#socket.write('<presence/>')
  }

  sendFrame(chatId: string): NumberedText {
    return new NumberedText(
      Buffer.from(
        `<message to='${chatId}' type='chat' id='n${NUMBER}'><body>n${NUMBER} ${TEXT}</body></message>`,
      ),
    )
  }

  listen(listener: Listener): void {
    this.#listener = listener
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let from = 0
    for (let at = bytes.indexOf(BODY); at !== -1; at = bytes.indexOf(BODY, from)) {
      if (at + MESSAGE_BYTES > bytes.length) break
      const number = readNumber(bytes, at + BODY.length)
      this.#listener.arrived(number)
      this.#listener.answered(number, false)
      from = at + MESSAGE_BYTES
    }
    // A body may begin in one chunk and end in the next.
    this.#rest = Buffer.from(bytes.subarray(Math.max(from, bytes.length - MESSAGE_BYTES + 1)))
  }
}

/** Writes a text and resolves when the answer contains `expected`. Rejects if the server closes the stream. */
async function exchange(socket: Socket, text: string, expected: string): Promise<void> {
  let received = ''
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onData = (chunk: Buffer): void => {
    received += chunk.toString()
    if (received.includes(expected)) resolve()
  }
  const onClose = (): void =>
    reject(new Error(`The XMPP server closed the stream after: ${received === '' ? 'nothing' : received}`))
  socket.on('data', onData).once('close', onClose)
  try {
    socket.write(text)
    await promise
  } finally {
    socket.off('data', onData).off('close', onClose)
  }
}
