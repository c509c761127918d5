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

/** A user who sends a message every 60 ms, slower than their quota refills. */
export type HonestUser = Readonly<{
  /** Sends for so many seconds. Returns the 99th percentile until the answer, in milliseconds, and how many failed. */
  measure(seconds: number): Promise<Readonly<{ p99Ms: number; failures: number }>>
}>

const INTERVAL_MS = 60

export function createHonestUser(ask: Ask, chatId: string): HonestUser {
  async function send(latencies: number[]): Promise<boolean> {
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
    async measure(seconds) {
      const latencies: number[] = []
      const sends: Promise<boolean>[] = []
      for (let count = 0; count < (seconds * 1_000) / INTERVAL_MS; count++) {
        sends.push(send(latencies))
        await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS))
      }
      const failures = (await Promise.all(sends)).filter((isSent) => !isSent).length
      return { p99Ms: quantile(latencies, 0.99), failures }
    },
  }
}
