import { parseCursorConnectionArgs } from '@pothos/core'
import type { Range } from '../lib/range.ts'
import { badInput } from '../errors.ts'

/** The paging arguments of the Relay cursor connections specification. */
export type PageArguments = Readonly<{
  first?: number | null | undefined
  after?: string | null | undefined
  last?: number | null | undefined
  before?: string | null | undefined
}>

/** A larger `first` or `last` is reduced to the maximum. Without either, the default applies. */
export const MAX_PAGE = 100
export const DEFAULT_PAGE = 20

/** Converts a position in a list to the text of a cursor and back. Clients treat cursors as opaque. */
export type CursorCodec<Position> = Readonly<{
  encode(position: Position): string
  /** Returns undefined for text that `encode` cannot have produced. */
  decode(text: string): Position | undefined
}>

/** Limits how many pages of one operation are read at once. Rejects if there is no time left to read the page. */
export type PageLimit = <Position, Item>(
  load: (range: Range<Position>) => Promise<readonly Item[]>,
  range: Range<Position>,
) => Promise<readonly Item[]>

type Paging<Item, Position> = Readonly<{
  args: PageArguments
  cursor: CursorCodec<Position>
  positionOf(item: Item): Position
  load(range: Range<Position>): Promise<readonly Item[]>
  pages: PageLimit
}>

/** A page of a connection. */
export type Page<Item> = {
  edges: { cursor: string; node: Item }[]
  pageInfo: {
    hasNextPage: boolean
    hasPreviousPage: boolean
    startCursor: string | null
    endCursor: string | null
  }
}

/** Reads a page of a list, by https://relay.dev/graphql/connections.htm. Throws BAD_USER_INPUT for bad arguments. */
export async function resolvePage<Item, Position>(paging: Paging<Item, Position>): Promise<Page<Item>> {
  const { args, cursor, positionOf, load, pages } = paging
  rejectContradictions(args)
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

function rejectContradictions({ first, last }: PageArguments): void {
  if ((first ?? 0) < 0 || (last ?? 0) < 0)
    throw badInput('first or last is negative. Pass 0 or a greater number.')
  if (typeof first === 'number' && typeof last === 'number') {
    throw badInput('first and last are both set. Pass only one of them.')
  }
}

function decode<Position>(
  name: string,
  text: string | null,
  cursor: CursorCodec<Position>,
): Position | undefined {
  if (text === null) return undefined
  const position = cursor.decode(Buffer.from(text, 'base64url').toString())
  // Node skips characters that are not base64, so a valid cursor must also encode to the same text again.
  if (position === undefined || toBase64(cursor.encode(position)) !== text) {
    throw badInput(`${name} is not a cursor of this list. Pass a cursor from a page of the same list.`)
  }
  return position
}

/** Kept, because a buffer for each cursor of a page would cost more than its text. No cursor is longer. */
const scratch = Buffer.alloc(1_024)

function toBase64(text: string): string {
  return scratch.toString('base64url', 0, scratch.write(text))
}
