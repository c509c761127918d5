import { randomUUID } from 'node:crypto'
import { issueToken } from '../../src/auth/issue-token.ts'
import { quantile } from '../measure/statistics.ts'
import { SECRET } from '../servers/place.ts'

/** Runs an operation over HTTP. Throws if there is an error. */
export type Ask = <Data>(query: string, variables?: Readonly<Record<string, unknown>>) => Promise<Data>

export const tokenOf = (subject: string): Promise<string> => issueToken(SECRET, { subject })

export function askAs(port: number, token: string): Ask {
  return async <Data>(query: string, variables: Readonly<Record<string, unknown>> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    })
    const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown }
    if (errors !== undefined || data === undefined) throw new Error(JSON.stringify(errors))
    return data
  }
}

export const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'

/** Users who send messages at a steady pace, slower than their quota refills. */
export type HonestUsers = Readonly<{
  /** Sends for so many seconds. Returns quantiles of the time until the answer, and how many sends failed. */
  send(seconds: number): Promise<Readonly<{ p50Ms: number; p99Ms: number; failures: number }>>
}>

/** So many that the 99th percentile of a few seconds is not the time of a single message. */
const COUNT = 8
const INTERVAL_MS = 60

/** Creates users with a chat each. */
export async function createHonestUsers(port: number): Promise<HonestUsers> {
  const chats = await Promise.all(Array.from({ length: COUNT }, (_, index) => createChat(port, index)))

  async function sendTo({ ask, chatId }: Chat, latencies: number[]): Promise<boolean> {
    const began = performance.now()
    try {
      await ask(SEND, { input: { chatId, body: 'hello', clientMessageId: randomUUID() } })
      return true
    } catch {
      return false
    } finally {
      latencies.push(performance.now() - began)
    }
  }

  return {
    async send(seconds) {
      const latencies: number[] = []
      const sends: Promise<boolean>[] = []
      const beganAt = performance.now()
      for (let count = 0; performance.now() - beganAt < seconds * 1_000; count++) {
        const chat = chats[count % COUNT]
        if (chat !== undefined) sends.push(sendTo(chat, latencies))
        await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS / COUNT))
      }
      const failures = (await Promise.all(sends)).filter((isSent) => !isSent).length
      return { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99), failures }
    },
  }
}

type Chat = Readonly<{ ask: Ask; chatId: string }>

async function createChat(port: number, index: number): Promise<Chat> {
  const [token, friendToken] = await Promise.all([tokenOf(`honest-${index}`), tokenOf(`friend-${index}`)])
  await askAs(port, friendToken)('{ viewer { id } }')
  const ask = askAs(port, token)
  const { startDirectChat } = await ask<{ startDirectChat: { chat: { id: string } } }>(
    `mutation { startDirectChat(input: { userId: "user_friend-${index}" }) { chat { id } } }`,
  )
  return { ask, chatId: startDirectChat.chat.id }
}
