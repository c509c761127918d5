import { expect, test, vi } from 'vitest'
import type { Revocation, RevocationCommands } from '../../../src/auth/revocation-commands.ts'
import { createRevocations, type RevocableToken } from '../../../src/auth/revocations.ts'
import type { UserId } from '../../../src/ids.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'

const NOON = Date.parse('2026-11-30T12:00:00Z')
const HOUR_MS = 3_600_000
const alice = 'alice' as UserId

/** The changes of a database, and a gateway that reads them whenever it starts. */
function setup() {
  const changes: Revocation[] = []
  const clock = { nowMs: NOON, now: () => clock.nowMs }
  const commands: Pick<RevocationCommands, 'newestChange' | 'changesAfter'> = {
    newestChange: async () => changes.length,
    // Pages of two show that a gateway reads all of them.
    changesAfter: async (number) => {
      const revocations = changes.slice(number, number + 2)
      return { revocations, upTo: number + revocations.length }
    },
  }
  const revocations = createRevocations({ commands, clock, logger: captureLog().logger })
  return { changes, clock, revocations }
}

function token({ userId = alice, tokenId, issuedAtMs = NOON }: Given = {}): RevocableToken {
  return { userId, tokenId, statedIssuedAt: issuedAtMs === 'never' ? undefined : new Date(issuedAtMs) }
}
type Given = Readonly<{ userId?: UserId; tokenId?: string; issuedAtMs?: number | 'never' }>

function ofUser(userId: UserId, issuedBeforeMs: number, keptMs = HOUR_MS): Revocation {
  return {
    type: 'user',
    userId,
    issuedBefore: new Date(issuedBeforeMs),
    expiresAt: new Date(NOON + keptMs),
  }
}

function ofToken(tokenId: string, keptMs = HOUR_MS): Revocation {
  return { type: 'token', tokenId, expiresAt: new Date(NOON + keptMs) }
}

test('knows all revocations once it has started, however many pages they fill', async () => {
  const { changes, revocations } = setup()
  const ids = ['one', 'two', 'three', 'four', 'five']
  changes.push(...ids.map((id) => ofToken(id)))
  await revocations.start()
  expect(ids.map((tokenId) => revocations.isRevoked(token({ tokenId })))).toEqual(ids.map(() => true))
  expect(revocations.isRevoked(token({ tokenId: 'six' }))).toBe(false)
  expect(revocations.isRevoked(token())).toBe(false)
  await revocations.stop()
})

test("revokes a user's tokens that were issued before the moment, and those that do not say when", async () => {
  const { changes, revocations } = setup()
  changes.push(ofUser(alice, NOON + 500))
  await revocations.start()
  expect(revocations.isRevoked(token({ issuedAtMs: NOON }))).toBe(true)
  expect(revocations.isRevoked(token({ issuedAtMs: NOON + 1_000 }))).toBe(false)
  expect(revocations.isRevoked(token({ issuedAtMs: 'never' }))).toBe(true)
  expect(revocations.isRevoked(token({ userId: 'bob' as UserId }))).toBe(false)
  await revocations.stop()
})

test('a revocation has no effect after it expired', async () => {
  const { changes, clock, revocations } = setup()
  changes.push(ofUser(alice, NOON + 1, HOUR_MS), ofToken('one', HOUR_MS))
  await revocations.start()
  clock.nowMs = NOON + HOUR_MS - 1
  expect(revocations.isRevoked(token())).toBe(true)
  clock.nowMs = NOON + HOUR_MS
  expect(revocations.isRevoked(token({ tokenId: 'one' }))).toBe(false)
  await revocations.stop()
})

test('tells its listeners of each change until they are disposed of, and of nothing else', async () => {
  vi.useFakeTimers()
  const { changes, revocations } = setup()
  await revocations.start()
  const [kept, disposed] = [vi.fn<() => void>(), vi.fn<() => void>()]
  revocations.onChange(kept)
  const dispose = revocations.onChange(disposed)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(kept).not.toHaveBeenCalled()
  changes.push(ofToken('one'))
  await vi.advanceTimersByTimeAsync(1_000)
  dispose()
  changes.push(ofToken('two'))
  await vi.advanceTimersByTimeAsync(1_000)
  expect([kept.mock.calls.length, disposed.mock.calls.length]).toEqual([2, 1])
  const stopped = revocations.stop()
  vi.useRealTimers()
  await stopped
})

test('reads everything again if the database went back, and keeps what it knew', async () => {
  vi.useFakeTimers()
  const { changes, revocations } = setup()
  changes.push(ofToken('one'), ofToken('two'), ofToken('three'))
  await revocations.start()
  changes.splice(0, 3, ofToken('another'))
  await vi.advanceTimersByTimeAsync(1_000)
  for (const tokenId of ['one', 'three', 'another'])
    expect(revocations.isRevoked(token({ tokenId }))).toBe(true)
  const stopped = revocations.stop()
  vi.useRealTimers()
  await stopped
})
