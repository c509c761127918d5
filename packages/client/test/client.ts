import { createParleyClient, type ParleyClient, type ParleyClientOptions } from '../src/index.ts'

/** A client that is closed at the end of the test. */
export type TestClient = ParleyClient & AsyncDisposable & Readonly<{ errors: unknown[] }>

type Options = Omit<ParleyClientOptions, 'url'> & Readonly<{ url: string }>

/** Creates a client that is not started yet. Unexpected failures are collected in `errors`. */
export function createClient(options: Options): TestClient {
  const errors: unknown[] = []
  const client = createParleyClient({ onError: (error) => errors.push(error), ...options })
  return { ...client, errors, [Symbol.asyncDispose]: () => client.close() }
}

/** Creates and starts a client. */
export async function startClient(options: Options): Promise<TestClient> {
  const client = createClient(options)
  await client.start()
  return client
}

/** Opens a chat and returns it. */
export function open(client: ParleyClient, chatId: string) {
  const chat = client.chat(chatId)
  chat.subscribe(() => undefined)
  return chat
}

/** The bodies of the messages that a chat shows. */
export function bodies(client: ParleyClient, chatId: string): (string | null)[] {
  return client
    .chat(chatId)
    .getSnapshot()
    .messages.map(({ body }) => body)
}
