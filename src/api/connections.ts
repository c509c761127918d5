import { parseCursorConnectionArgs } from '@pothos/core'
import type { LimitFunction } from 'p-limit'
import type { Range } from '../lib/range.ts'
import { badInput } from '../errors.ts'

/** A page's arguments, as the Relay cursor connections specification has them. */
export type PageArguments = Readonly<{
  first?: number | null | undefined
  after?: string | null | undefined
  last?: number | null | undefined
  before?: string | null | undefined
}>

/** Asked for more, a page is cut to this; asked for no number, it has the default. */
export const MAX_PAGE = 100
export const DEFAULT_PAGE = 20

/** How a position in a list reads as a cursor. Clients must not look inside; a cursor that isn't ours is refused. */
export type CursorCodec<Position> = Readonly<{
  encode(position: Position): string
  /** Undefined for text that `encode` can't have made. */
  decode(text: string): Position | undefined
}>

type Paging<Item, Position> = Readonly<{
  args: PageArguments
  cursor: CursorCodec<Position>
  positionOf(item: Item): Position
  load(stretch: Range<Position>): Promise<readonly Item[]>
  /** When to. */
  pages: LimitFunction
}>

/** A page, as a connection's type is resolved from it. */
export type Page<Item> = {
  edges: { cursor: string; node: Item }[]
  pageInfo: {
    hasNextPage: boolean
    hasPreviousPage: boolean
    startCursor: string | null
    endCursor: string | null
  }
}

/** https://relay.dev/graphql/connections.htm over a list that can be read from either end, between two positions. */
export async function resolvePage<Item, Position>(paging: Paging<Item, Position>): Promise<Page<Item>> {
  const { args, cursor, positionOf, load, pages } = paging
  refuseContradictions(args)
  const { first = null, last = null, after: afterText = null, before: beforeText = null } = args
  const wanted = parseCursorConnectionArgs({
    args: { first, last, after: afterText, before: beforeText },
    defaultSize: DEFAULT_PAGE,
    maxSize: MAX_PAGE,
  })
  const { limit, inverted } = wanted
  const after = decode('after', afterText, cursor)
  const before = decode('before', beforeText, cursor)
  const items = await pages(load, { after, before, limit, inverted })
  const page = items.slice(0, wanted.expectedSize)
  const edges = (inverted ? page.toReversed() : page).map((node) => {
    return { cursor: toBase64(cursor.encode(positionOf(node))), node }
  })
  return {
    edges,
    pageInfo: {
      hasNextPage: wanted.hasNextPage(items.length),
      hasPreviousPage: wanted.hasPreviousPage(items.length),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

function refuseContradictions({ first, last }: PageArguments): void {
  if ((first ?? 0) < 0 || (last ?? 0) < 0) throw badInput('first and last can not be negative')
  if (typeof first === 'number' && typeof last === 'number') {
    throw badInput('Ask for first or for last, not for both')
  }
}

function decode<Position>(
  name: string,
  text: string | null,
  cursor: CursorCodec<Position>,
): Position | undefined {
  if (text === null) return undefined
  const position = cursor.decode(Buffer.from(text, 'base64url').toString())
  // Decoding base64 forgives what it can't read, so what was decoded has to make the same text again.
  if (position === undefined || toBase64(cursor.encode(position)) !== text) {
    throw badInput(`${name} is not a cursor of this list`)
  }
  return position
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64url')
}
