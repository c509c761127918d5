import pg from 'pg'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { forbidden, unavailable } from '../../../src/errors.ts'
import {
  ANSWER_WITHIN_MS,
  answerInTime,
  changeNotConfirmed,
  type FailedAttempt,
  FIVE_QUICK_ATTEMPTS,
  type RetryPolicy,
  runDurableCommand,
} from '../../../src/store/sql/durable-command.ts'

const NO_PAUSES: RetryPolicy = { ...FIVE_QUICK_ATTEMPTS, backoff: { firstMs: 0, maxMs: 0 } }
const connectionLost = databaseError('08006')
const deadlock = databaseError('40P01')

function databaseError(code: string): Error {
  return Object.assign(new pg.DatabaseError('…', 1, 'error'), { code })
}

type Attempt = string | Error
type Outcome = Readonly<{ stored: readonly string[] }>

/** Runs a command whose attempts end as listed: a string is the event that the attempt stored, '' stores nothing. */
function runScript(attempts: readonly Attempt[], policy: Partial<RetryPolicy> = {}) {
  const published: string[][] = []
  const seenByAttempts: boolean[] = []
  const outcome = runDurableCommand<Outcome, string>({
    async attempt({ mayBeStored }) {
      const result = attempts[seenByAttempts.length] ?? ''
      seenByAttempts.push(mayBeStored)
      if (result instanceof Error) throw result
      return { stored: result === '' ? [] : [result] }
    },
    events: {
      stored: ({ stored }) => stored,
      readBack: async ({ stored }) => (stored.length === 0 ? ['read back'] : []),
      publish: (events) => void published.push([...events]),
    },
    retry: { ...NO_PAUSES, ...policy },
    notConfirmed: changeNotConfirmed,
  })
  return { outcome, published, seenByAttempts }
}

describe('runDurableCommand', () => {
  test('publishes the stored events once and reads nothing back after a first attempt that succeeds', async () => {
    const { outcome, published, seenByAttempts } = runScript(['sent'])
    expect(await outcome).toEqual({ stored: ['sent'] })
    expect(published).toEqual([['sent']])
    expect(seenByAttempts).toEqual([false])
  })

  test('publishes nothing if nothing was stored', async () => {
    const { outcome, published } = runScript([''])
    await outcome
    expect(published).toEqual([])
  })

  test('reads back and publishes what an attempt with an unknown outcome stored', async () => {
    const { outcome, published, seenByAttempts } = runScript([connectionLost, ''])
    await outcome
    expect(published).toEqual([['read back']])
    expect(seenByAttempts).toEqual([false, true])
  })

  test('publishes each event once if the attempt with the unknown outcome stored nothing', async () => {
    const { outcome, published } = runScript([connectionLost, 'sent'])
    await outcome
    expect(published).toEqual([['sent']])
  })

  test('reads nothing back after attempts that certainly stored nothing', async () => {
    const { outcome, published, seenByAttempts } = runScript([deadlock, deadlock, ''])
    await outcome
    expect(published).toEqual([])
    expect(seenByAttempts).toEqual([false, false, false])
  })

  test('publishes each page that is read back, in order', async () => {
    const published: (readonly string[])[] = []
    let isFirst = true
    await runDurableCommand<undefined, string>({
      async attempt() {
        if (!isFirst) return undefined
        isFirst = false
        throw connectionLost
      },
      events: {
        stored: () => [],
        async *readBack() {
          yield ['1', '2']
          yield []
          yield ['3']
        },
        publish: (events) => void published.push(events),
      },
      retry: NO_PAUSES,
      notConfirmed: changeNotConfirmed,
    })
    expect(published).toEqual([['1', '2'], ['3']])
  })

  test('returns the outcome of a command without events after an unknown outcome', async () => {
    let attempts = 0
    const attempt = async (): Promise<string> => {
      attempts += 1
      if (attempts === 1) throw connectionLost
      return 'chat'
    }
    const command = { attempt, retry: NO_PAUSES, notConfirmed: changeNotConfirmed }
    expect(await runDurableCommand(command)).toBe('chat')
  })

  test('throws a refusal unchanged if no earlier attempt can have stored the change', async () => {
    const refusal = forbidden('Only owners can do that')
    const { outcome, published } = runScript([deadlock, refusal])
    await expect(outcome).rejects.toBe(refusal)
    expect(published).toEqual([])
  })

  test('answers UNAVAILABLE for a refusal after an attempt with an unknown outcome', async () => {
    const refusal = forbidden('You are not a member of this chat any more')
    const { outcome, published } = runScript([connectionLost, refusal])
    await expect(outcome).rejects.toMatchObject({ code: 'UNAVAILABLE', cause: refusal })
    expect(published).toEqual([])
  })

  test('answers UNAVAILABLE and publishes nothing once the policy stops the retries', async () => {
    const { outcome, published, seenByAttempts } = runScript(Array<Error>(9).fill(connectionLost))
    await expect(outcome).rejects.toMatchObject({ code: 'UNAVAILABLE', cause: connectionLost })
    expect(seenByAttempts).toHaveLength(5)
    expect(published).toEqual([])
  })

  test('throws an error that is not the database’s unchanged, without a retry', async () => {
    const bug = new TypeError('not a function')
    const { outcome, seenByAttempts } = runScript([bug, 'sent'])
    await expect(outcome).rejects.toBe(bug)
    expect(seenByAttempts).toHaveLength(1)
  })

  test('reports each failed attempt to the policy', async () => {
    const failures: FailedAttempt[] = []
    const { outcome } = runScript([deadlock, connectionLost, 'sent'], {
      onFailure: (failed) => failures.push(failed),
    })
    await outcome
    expect(failures.map(({ kind, attempt }) => [attempt, kind])).toEqual([
      [1, 'retryable-before-commit'],
      [2, 'unknown-outcome'],
    ])
  })
})

describe('answerInTime', () => {
  afterEach(() => void vi.useRealTimers())

  test('answers UNAVAILABLE when the time is over; the command still publishes', async () => {
    vi.useFakeTimers()
    const stored = Promise.withResolvers<string>()
    const published: string[] = []
    const command = runDurableCommand({
      attempt: () => stored.promise,
      events: {
        stored: (event) => [event],
        readBack: () => Promise.resolve([]),
        publish: (events: readonly string[]) => void published.push(...events),
      },
      retry: NO_PAUSES,
      notConfirmed: changeNotConfirmed,
    })
    const answer = expect(answerInTime(command, changeNotConfirmed)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await vi.advanceTimersByTimeAsync(ANSWER_WITHIN_MS)
    await answer
    expect(published).toEqual([])
    stored.resolve('sent')
    await command
    expect(published).toEqual(['sent'])
  })

  test('returns the outcome of a command that ends in time', async () => {
    expect(await answerInTime(Promise.resolve('stored'), () => unavailable('late'))).toBe('stored')
  })
})
