import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claim, Followed } from '../../../src/followers/follower-store.ts'
import { createTestDatabase, query } from '../../harness/servers/database.ts'
import * as laws from './follower-laws.ts'
import type { Law } from './follower-laws.ts'
import type { Parts, Sabotage } from './follower-stage.ts'

/*
 * The laws of followers, on PostgreSQL. Each law has a canary: a follower with one defect, which the law must reject.
 */

const resources = new AsyncDisposableStack()
let databaseUrl: string

beforeAll(async () => {
  databaseUrl = resources.use(await createTestDatabase()).url
})
afterAll(() => resources.disposeAsync())

const LAWS: readonly (readonly [name: string, law: Law])[] = [
  ['handles each event at least once, also if the worker dies', laws.handlesEachEventAtLeastOnce],
  [
    'repeats nothing before the stored position when another worker continues',
    laws.repeatsNothingThatIsStored,
  ],
  [
    'handles the events of each chat in order, with several workers and failures',
    laws.keepsTheOrderOfEachChat,
  ],
  ['tries a failed event again before later ones', laws.triesAFailedEventAgainBeforeLaterOnes],
  ['holds back only the chat whose event fails or is slow', laws.holdsBackOneChatOnly],
  ['lets no follower wait for another one', laws.letsNoFollowerWaitForAnother],
  ['ignores a worker that lost its claim', laws.ignoresAWorkerThatLostItsClaim],
  ['loses no event that commits during the last step', laws.losesNoEventThatCommitsDuringTheLastStep],
  ['reports what retention deleted', laws.reportsWhatRetentionDeleted],
  ['repeats what it is set back to, also during a delivery', laws.repeatsWhatItIsSetBackTo],
  ['skips nothing when it is set back', laws.skipsNothingWhenItIsSetBack],
  ['costs nothing without a follower', laws.costsNothingWithoutFollower],
]

/** Replaces parts of the store. */
const storing =
  (change: (store: Parts['store'], url: string) => Partial<Parts['store']>): Sabotage =>
  (parts, stage) => ({ ...parts, store: { ...parts.store, ...change(parts.store, stage.databaseUrl) } })

const POSITION = `INSERT INTO follower_positions VALUES ($1, $2, $3)
  ON CONFLICT (chat_id, follower_id) DO UPDATE SET seq = EXCLUDED.seq`

function store(url: string, { chatId, followerId }: Followed, seq: number): Promise<object[]> {
  return query(url, POSITION, [chatId, followerId, seq])
}

async function prolong(url: string, { chatId, followerId }: Followed, leaseId: string): Promise<boolean> {
  const values = [chatId, followerId, leaseId]
  const rows = await query(
    url,
    `UPDATE chat_marks SET leased_until = now() + interval '3 seconds'
     WHERE chat_id = $1 AND follower_id = $2 AND lease = $3 RETURNING 1`,
    values,
  )
  return rows.length > 0
}

const acknowledgesWhenItClaims = storing(({ claim }, url) => ({
  async claim(...args) {
    const claims = await claim(...args)
    for (const one of claims) await store(url, one, one.lastSeq)
    return claims
  },
  advance: (chat, _, lease) => prolong(url, chat, lease.id),
}))

const keepsPositionsInMemory = storing((_, url) => ({
  advance: (chat, __, lease) => prolong(url, chat, lease.id),
}))

const checksNoLease = storing((_, url) => ({
  async advance(chat, seq) {
    await store(url, chat, seq)
    return true
  },
}))

const deletesMarksUnseen = storing((_, url) => ({
  async finish({ chatId, followerId }) {
    await query(url, 'DELETE FROM chat_marks WHERE chat_id = $1 AND follower_id = $2', [chatId, followerId])
  },
}))

const keepsItsLeaseWhenItIsSetBack = storing((_, url) => ({
  async setBack(chat, seq) {
    await store(url, chat, seq)
    return true
  },
}))

const setsPositionsForth = storing(({ setBack }, url) => ({
  async setBack(chat, seq) {
    const isKnown = await setBack(chat, seq)
    await store(url, chat, seq)
    return isKnown
  },
}))

/** No chat is claimed while another one is processed, or fails. */
const waitsForAll = storing(({ claim, finish }, url) => {
  let claimed: readonly Claim[] = []
  return {
    async claim(...args) {
      const held = `SELECT FROM chat_marks WHERE lease IS NOT NULL OR attempts > 0`
      if (claimed.length > 0 || (await query(url, held)).length > 0) return []
      claimed = await claim(...args)
      return claimed
    },
    async finish(...args) {
      claimed = []
      await finish(...args)
    },
  }
})

const handling =
  (change: (follower: NonNullable<Parts['follower']>) => Partial<Parts['follower']>): Sabotage =>
  (parts) =>
    parts.follower === undefined
      ? parts
      : { ...parts, follower: { ...parts.follower, ...change(parts.follower) } }

const skipsFailedEvents = handling(({ handle }) => ({
  async handle(...args) {
    await handle(...args)
    return { type: 'done' }
  },
}))

const ignoresGaps = handling(() => ({ wants: (item) => item.type !== 'gap' }))

/** Handles 5 before 4, 8 before 7 and so on, if they are in one page and not at its start. No attempt at them fails. */
const swapsEvents: Sabotage = (parts) => ({
  ...parts,
  chatLog: {
    ...parts.chatLog,
    async read(...args) {
      const [first, ...others] = await parts.chatLog.read(...args)
      if (first === undefined) return []
      const place = ({ seq }: { seq: number }): number => (seq % 3 === 1 ? seq + 1.5 : seq)
      return [first, ...others.toSorted((a, b) => place(a) - place(b))]
    },
  },
})

const marksAlways: Sabotage = (parts, { databaseUrl: url }) => ({
  ...parts,
  async onStart() {
    await query(url, 'ALTER TABLE chat_events ENABLE TRIGGER chat_events_mark')
  },
})

const CANARIES: readonly (readonly [defect: string, sabotage: Sabotage, law: Law])[] = [
  ['acknowledges events when it claims them', acknowledgesWhenItClaims, laws.handlesEachEventAtLeastOnce],
  ['keeps positions in memory', keepsPositionsInMemory, laws.repeatsNothingThatIsStored],
  ['swaps events within a page', swapsEvents, laws.keepsTheOrderOfEachChat],
  ['skips failed events', skipsFailedEvents, laws.triesAFailedEventAgainBeforeLaterOnes],
  ['claims nothing while a chat is held', waitsForAll, laws.holdsBackOneChatOnly],
  ['claims nothing while another follower works', waitsForAll, laws.letsNoFollowerWaitForAnother],
  ['stores positions without a lease', checksNoLease, laws.ignoresAWorkerThatLostItsClaim],
  ['deletes marks that have newer events', deletesMarksUnseen, laws.losesNoEventThatCommitsDuringTheLastStep],
  ['ignores gaps', ignoresGaps, laws.reportsWhatRetentionDeleted],
  ['keeps its claim when it is set back', keepsItsLeaseWhenItIsSetBack, laws.repeatsWhatItIsSetBackTo],
  ['can be set forth', setsPositionsForth, laws.skipsNothingWhenItIsSetBack],
  ['lets appends leave marks always', marksAlways, laws.costsNothingWithoutFollower],
]

describe('a follower', () => {
  test.each(LAWS)('%s', async (_, law) => {
    await law(databaseUrl)
  })
})

describe('the laws refuse a follower that', () => {
  test.each(CANARIES)('%s', async (_, sabotage, law) => {
    // A database of its own: what a broken follower leaves behind does not affect other tests.
    await using database = await createTestDatabase()
    await expect(law(database.url, sabotage)).rejects.toThrow()
  })

  test('every law has a canary', () => {
    expect(new Set(CANARIES.map(([, , law]) => law))).toEqual(new Set(LAWS.map(([, law]) => law)))
  })
})
