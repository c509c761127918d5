import { expect, test } from 'vitest'
import { INBOX } from '../../harness/people/documents.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { startParley } from '../../harness/servers/parley.ts'
import type { ApiResponse, Person, StreamItem } from '../../harness/people/person.ts'

type InboxAnswer = ApiResponse<{ inbox: StreamItem }>

/** An inbox by server-sent events, with fetch alone. Disposing it aborts the request. */
class EventStream implements Disposable {
  readonly answers = new EventQueue<InboxAnswer>()
  /** Resolves when the server ends the stream or it is aborted. */
  readonly ended: Promise<void>
  readonly #abort = new AbortController()

  constructor(url: string, token: string | undefined, variables: object = {}) {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    this.ended = this.#read(url, {
      method: 'POST',
      headers: { ...headers, ...authorization },
      body: JSON.stringify({ query: INBOX, variables }),
      signal: this.#abort.signal,
    }).catch((error: unknown) => {
      if (!this.#abort.signal.aborted) throw error
    })
  }

  async caughtUp(): Promise<void> {
    await this.answers.match(({ data }) => data?.inbox.__typename === 'CaughtUp')
  }

  async reaches(seq: number): Promise<void> {
    await this.answers.until((all) => all.some(({ data }) => data?.inbox.seq === seq))
  }

  bodies(): (string | null)[] {
    return this.answers.all.flatMap(({ data }) => data?.inbox.message?.body ?? [])
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }

  async #read(url: string, request: RequestInit): Promise<void> {
    const { body } = await fetch(url, request)
    let text = ''
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (text + chunk).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) this.#take(event)
    }
  }

  #take(event: string): void {
    const [, json] = /^event: next\ndata: (.*)$/.exec(event) ?? []
    if (json !== undefined) this.answers.push(JSON.parse(json) as InboxAnswer)
  }
}

const inboxOf = ({ url, token }: Person, deviceId?: string): EventStream =>
  new EventStream(url, token, { deviceId })

test("a message reaches bob's inbox by server-sent events", async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  using atBob = inboxOf(bob, 'browser')
  await atBob.caughtUp()
  await alice.send(await alice.startChat(bob), 'Hello Bob')
  await atBob.reaches(1)
  expect(atBob.bodies()).toEqual(['Hello Bob'])
})

test('a request with the same device id replays unacknowledged and missed events in order', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  {
    using before = inboxOf(bob, 'browser')
    await before.caughtUp()
    for (const body of ['one', 'two']) await alice.send(chat, body)
    await before.reaches(2)
    await bob.markDelivered(chat, 1, 'browser')
  }
  for (const body of ['three', 'four']) await alice.send(chat, body)
  using after = inboxOf(bob, 'browser')
  await after.caughtUp()
  expect(after.bodies()).toEqual(['two', 'three', 'four'])
})

test('without a valid token the stream delivers an error and ends', async () => {
  await using parley = await startParley()
  for (const token of [undefined, 'nonsense']) {
    using stream = new EventStream(parley.url, token)
    await stream.ended
    expect(stream.answers.all).toMatchObject([{ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }])
  }
})

test('aborting the request ends the stream on the server, and nothing more counts as delivered', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using laptop = bob.inbox('laptop')
  const atBob = inboxOf(bob)
  await Promise.all([laptop.caughtUp(), atBob.caughtUp()])
  await alice.send(chat, 'Hello')
  const statusAfterSend = async (): Promise<string | undefined> => {
    const { seq } = await alice.send(chat, 'Are you there?')
    await laptop.reaches(chat, seq)
    // Receipts are stored in the order of their arrival. Once hers is stored, so is one for this message, if any.
    await alice.markRead(chat, seq)
    return (await alice.fetchChat(chat)).lastMessage?.status
  }
  await expect.poll(statusAfterSend).toBe('DELIVERED')
  atBob[Symbol.dispose]()
  await expect.poll(statusAfterSend).toBe('SENT')
})
