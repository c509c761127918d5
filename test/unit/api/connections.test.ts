import pLimit from 'p-limit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CursorCodec,
  MAX_PAGE,
  type Page,
  type PageArguments,
  resolvePage,
} from '../../../src/api/connections.ts'
import { memberCursor } from '../../../src/api/cursors.ts'
import { newChatId, type UserId } from '../../../src/ids.ts'
import type { Range } from '../../../src/lib/range.ts'
import { anyText } from '../../harness/fixtures/arbitraries.ts'
import { range } from '../../harness/fixtures/chat-events.ts'

const refused: unknown = expect.objectContaining({ code: 'BAD_USER_INPUT' })

const cursor: CursorCodec<number> = {
  encode: (position) => `place ${position}`,
  decode: (text) => {
    const digits = /^place (\d+)$/.exec(text)?.[1]
    return digits === undefined ? undefined : Number(digits)
  },
}

/** Reads a range of this list as a store would. */
function stretchOf(list: readonly number[], { after, before, limit, inverted }: Range<number>): number[] {
  const between = list.filter((item) => item > (after ?? -1) && item < (before ?? Infinity))
  return (inverted ? between.toReversed() : between).slice(0, limit)
}

function pageOf(list: readonly number[], args: PageArguments): Promise<Page<number>> {
  return resolvePage({
    args,
    pages: pLimit(1),
    cursor,
    positionOf: (item) => item,
    load: async (stretch) => stretchOf(list, stretch),
  })
}

function nodesOf({ edges }: Page<number>): number[] {
  return edges.map(({ node }) => node)
}

function at(position: number): string {
  return Buffer.from(`place ${position}`).toString('base64url')
}

/** Reads all pages from the start, as a client would. */
async function forwards(list: readonly number[], first: number): Promise<Page<number>[]> {
  const pages = [await pageOf(list, { first })]
  for (let last = pages[0]; last?.pageInfo.hasNextPage === true; last = pages.at(-1)) {
    if (pages.length > list.length) throw new Error('There is always one more page')
    pages.push(await pageOf(list, { first, after: last.pageInfo.endCursor }))
  }
  return pages
}

/** Reads all pages from the end, the last one first. */
async function backwards(list: readonly number[], last: number): Promise<Page<number>[]> {
  const pages = [await pageOf(list, { last })]
  for (let first = pages[0]; first?.pageInfo.hasPreviousPage === true; first = pages.at(-1)) {
    if (pages.length > list.length) throw new Error('There is always one more page')
    pages.push(await pageOf(list, { last, before: first.pageInfo.startCursor }))
  }
  return pages
}

const list = fc.nat(40).map((length) => range(1, length).map((number) => 3 * number))
const size = fc.integer({ min: 1, max: 12 })

describe('paging through a list', () => {
  test('forwards returns every item once and in order, for every page size', async () => {
    await fc.assert(
      fc.asyncProperty(list, size, async (items, first) => {
        const pages = await forwards(items, first)
        expect(pages.flatMap(nodesOf)).toEqual(items)
        expect(pages.length).toBe(Math.max(1, Math.ceil(items.length / first)))
      }),
    )
  })

  test('backwards returns every item once, each page in order, for every page size', async () => {
    await fc.assert(
      fc.asyncProperty(list, size, async (items, last) => {
        const pages = await backwards(items, last)
        expect(pages.toReversed().flatMap(nodesOf)).toEqual(items)
        expect(pages.length).toBe(Math.max(1, Math.ceil(items.length / last)))
      }),
    )
  })

  test('says on every page whether more follow on either side', async () => {
    await fc.assert(
      fc.asyncProperty(list, size, async (items, count) => {
        const directions = [await forwards(items, count), (await backwards(items, count)).toReversed()]
        for (const pages of directions) {
          pages.forEach(({ pageInfo }, index) => {
            expect(pageInfo.hasPreviousPage).toBe(index > 0)
            expect(pageInfo.hasNextPage).toBe(index < pages.length - 1)
          })
        }
      }),
    )
  })

  test('returns the first and last cursor of each page', async () => {
    const { edges, pageInfo } = await pageOf([1, 2, 3, 4], { first: 3 })
    expect(edges).toEqual([1, 2, 3].map((node) => ({ cursor: at(node), node })))
    expect(pageInfo).toMatchObject({ startCursor: at(1), endCursor: at(3) })
  })
})

describe('a page', () => {
  const hundreds = range(1, 300)

  test('lies strictly between its cursors, from either end', async () => {
    expect(nodesOf(await pageOf(hundreds, { first: 3, after: at(10), before: at(13) }))).toEqual([11, 12])
    expect(nodesOf(await pageOf(hundreds, { first: 2, after: at(10), before: at(20) }))).toEqual([11, 12])
    expect(nodesOf(await pageOf(hundreds, { last: 2, after: at(10), before: at(20) }))).toEqual([18, 19])
    expect(nodesOf(await pageOf(hundreds, { last: 2, after: at(10) }))).toEqual([299, 300])
    expect(nodesOf(await pageOf(hundreds, { first: 2, before: at(20) }))).toEqual([1, 2])
  })

  test('has the default size without first and last, from the start or before a cursor', async () => {
    expect(nodesOf(await pageOf(hundreds, {}))).toEqual(range(1, 20))
    expect(nodesOf(await pageOf(hundreds, { first: null, last: null, after: null, before: null }))).toEqual(
      range(1, 20),
    )
    expect(nodesOf(await pageOf(hundreds, { after: at(5) }))).toEqual(range(6, 25))
    expect(nodesOf(await pageOf(hundreds, { before: at(50) }))).toEqual(range(30, 49))
  })

  test('is reduced to the largest size, and says that there is more', async () => {
    const { edges, pageInfo } = await pageOf(hundreds, { first: 100_000 })
    expect([edges.length, pageInfo.hasNextPage]).toEqual([MAX_PAGE, true])
    expect((await pageOf(hundreds, { last: 100_000 })).edges).toHaveLength(MAX_PAGE)
  })

  test('of size 0 has no cursors, and still says whether there is more', async () => {
    const nothing = { hasPreviousPage: false, startCursor: null, endCursor: null }
    expect(await pageOf([1], { first: 0 })).toEqual({
      edges: [],
      pageInfo: { ...nothing, hasNextPage: true },
    })
    expect(await pageOf([], { first: 5 })).toEqual({
      edges: [],
      pageInfo: { ...nothing, hasNextPage: false },
    })
  })

  test('is read with at most one extra item', async () => {
    const limits: number[] = []
    const load = async ({ limit }: Range<number>) => (limits.push(limit), [])
    for (const args of [{}, { first: 5 }, { last: 100_000 }]) {
      await resolvePage({ args, pages: pLimit(1), cursor, positionOf: (item: number) => item, load })
    }
    expect(limits).toEqual([21, 6, MAX_PAGE + 1])
  })
})

test('reads the pages of one operation one after the other', async () => {
  const underWay = { now: 0, most: 0 }
  async function load(): Promise<number[]> {
    underWay.most = Math.max(underWay.most, (underWay.now += 1))
    await new Promise(setImmediate)
    underWay.now -= 1
    return []
  }
  const pages = pLimit(3)
  const asked = Array.from({ length: 20 }, () =>
    resolvePage({ args: {}, pages, cursor, positionOf: (item: number) => item, load }),
  )
  await Promise.all(asked)
  expect(underWay).toEqual({ now: 0, most: 3 })
})

describe('BAD_USER_INPUT', () => {
  test.each<[string, PageArguments]>([
    ['a negative first', { first: -1 }],
    ['a negative last', { last: -1 }],
    ['first together with last', { first: 1, last: 1 }],
    ['first together with last, even if both are 0', { first: 0, last: 0 }],
    ['an empty cursor', { after: '' }],
    ['a cursor that is not encoded', { after: 'place 3' }],
    ["another list's cursor", { before: Buffer.from('member alice').toString('base64url') }],
    ['a cursor with something after it', { after: `${at(3)}=` }],
    ['a cursor with something before it', { after: ` ${at(3)}` }],
    ['another spelling of the same cursor', { after: Buffer.from('place 03').toString('base64url') }],
  ])('is %s', async (_, args) => {
    await expect(pageOf([1, 2, 3], args)).rejects.toThrow(refused)
  })

  test('is any text that is not a cursor of this list', async () => {
    const almost = fc
      .tuple(fc.nat(9), fc.string({ maxLength: 2 }), fc.nat(12))
      .map(([position, change, where]) => {
        return at(position).slice(0, where) + change + at(position).slice(where)
      })
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyText, almost), async (after) => {
        const isOurs = range(0, 999).some((position) => at(position) === after)
        const outcome = pageOf([1, 2, 3], { after })
        if (isOurs) await outcome
        else await expect(outcome).rejects.toThrow(refused)
      }),
      { numRuns: 300 },
    )
  })
})

test('a cursor has room for the longest id of a user', async () => {
  const id = '水'.repeat(255) as UserId
  const members = memberCursor(newChatId())
  const { pageInfo } = await resolvePage({
    args: { first: 1 },
    pages: (load, stretch) => load(stretch),
    cursor: members,
    positionOf: (member: UserId) => member,
    load: async () => [id],
  })
  const text = Buffer.from(pageInfo.endCursor ?? '', 'base64url').toString()
  expect(members.decode(text)).toBe(id)
})
