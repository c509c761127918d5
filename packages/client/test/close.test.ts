import { expect, onTestFinished, test } from 'vitest'
import { startParley, UNLIMITED } from '../../../test/harness/servers/parley.ts'
import type { ClientStorage } from '../src/api.ts'
import { memoryStorage } from '../src/index.ts'
import { bodies, createClient, open, startClient } from './client.ts'

/** Calls `onStep` at each call of the client to the outside, and at the end of each. */
function recordSteps(storage: ClientStorage, token: string, onStep: (step: string) => void) {
  const around = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    onStep(name)
    const result = await work()
    onStep(`${name} done`)
    return result
  }
  return {
    token: () => around('token', async () => token),
    fetch: ((input, init) => around('fetch', () => fetch(input, init))) as typeof fetch,
    storage: {
      get: (key) => around('get', () => storage.get(key)),
      write: (changes) => around('write', () => storage.write(changes)),
      keys: (prefix) => around('keys', () => storage.keys(prefix)),
      // The same storage is used again, as after a reload.
      close: async () => undefined,
    } satisfies ClientStorage,
    WebSocket: class extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        onStep('connect')
        super(...args)
        for (const type of ['open', 'message'] as const) this.addEventListener(type, () => onStep(type))
      }
    },
  }
}

test('ends at whatever step it is closed, does nothing afterwards, and keeps what was not sent', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const rejections: unknown[] = []
  const onRejection = (error: unknown): void => void rejections.push(error)
  process.on('unhandledRejection', onRejection)
  onTestFinished(() => void process.off('unhandledRejection', onRejection))

  /** Starts, writes and reads, and is closed at this step. */
  async function closeAt(step: number) {
    const chatId = await alice.createGroup([bob])
    await alice.send(chatId, 'Hello')
    const kept = memoryStorage()
    const steps: string[] = []
    let atClose: number | undefined
    const closed = Promise.withResolvers<undefined>()
    const client = createClient({
      url: parley.url,
      ...recordSteps(kept, bob.token, (name) => {
        steps.push(name)
        if (steps.length === step) void close()
      }),
    })
    async function close(): Promise<void> {
      await client.close()
      atClose ??= steps.length
      closed.resolve(undefined)
    }
    const started = client.start().then(
      () => 'started',
      (error: unknown) => error,
    )
    const chat = open(client, chatId)
    const stored: string[] = []
    const written = Promise.all(
      ['a', 'b', 'c'].map((body) =>
        chat.send({ body }).then(
          () => stored.push(body),
          () => undefined,
        ),
      ),
    )
    const isSent = () => chat.getSnapshot().messages.filter(({ status }) => status !== 'pending').length >= 4
    const sent = new Promise<void>((resolve) => chat.subscribe(() => isSent() && resolve()))
    await Promise.race([closed.promise, Promise.all([started, written, sent])])
    chat.markRead()
    const isReached = steps.length >= step
    await close()
    await written
    expect(['started', expect.objectContaining({ code: 'CLOSED' })]).toContainEqual(await started)
    expect(client.connection.getSnapshot()).toMatchObject({ type: 'signed-out' })
    chat.retry('unknown')
    await expect(chat.send({ body: 'too late' })).rejects.toMatchObject({ code: 'CLOSED' })
    return { step, chatId, kept, stored, isReached, errors: client.errors, after: () => steps.slice(atClose) }
  }

  const runs: Awaited<ReturnType<typeof closeAt>>[] = []
  do runs.push(await closeAt(runs.length + 1))
  while (runs.at(-1)?.isReached === true)
  expect(runs.length).toBeGreaterThan(40)

  for (const { kept, chatId, stored } of runs) {
    await using client = await startClient({
      url: parley.url,
      token: bob.token,
      storage: { ...kept, close: async () => undefined },
    })
    open(client, chatId)
    await expect.poll(() => bodies(client, chatId)).toEqual(['Hello', ...stored])
    await expect
      .poll(async () => (await alice.fetchChat(chatId)).messages.edges.map(({ node }) => node.body))
      .toEqual(['Hello', ...stored])
  }
  // The storage finishes what was under way. Nothing else happens.
  const late = ({ step, after }: (typeof runs)[number]) =>
    after()
      .filter((name) => ['token', 'fetch', 'connect'].includes(name))
      .map((name) => [step, name])
  expect(runs.flatMap(late)).toEqual([])
  expect(runs.flatMap(({ errors }) => errors)).toEqual([])
  expect(rejections).toEqual([])
}, 120_000)
