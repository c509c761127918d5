import type { ExecutionResult } from 'graphql'
import { accepts, type MediaRange, mediaRanges } from './accept.ts'

/** The characters at which some library splits lines, and which JSON.stringify does not escape. */
const LINE_ENDS = ['\u0085', '\u2028', '\u2029']

/** How the results of a subscription are written into an HTTP response. */
export type StreamFormat = Readonly<{
  mediaType: string
  contentType: string
  /** Written at once, so that the client sees that the stream is open. */
  start: string
  heartbeat: string
  end: string
  /** `isFinal`: the gateway ends the stream with this error, as opposed to a result with errors. */
  encode(result: ExecutionResult, isFinal: boolean): string
}>

/** Server-sent events, in the form of graphql-sse with one connection for each operation. */
const SSE: StreamFormat = {
  mediaType: 'text/event-stream',
  contentType: 'text/event-stream; charset=utf-8',
  start: ':\n\n',
  heartbeat: ':\n\n',
  end: 'event: complete\ndata:\n\n',
  encode: (result) => `event: next\ndata: ${inOneLine(result)}\n\n`,
}

/**
 * Apollo's multipart subscriptions. Clients read a part when they see the boundary after it, so each part ends with
 * one. An error of the transport is outside of the payload; Apollo's clients retry after it. The header is in lower
 * case, as Apollo's router writes it: some versions of Apollo iOS know no other spelling.
 */
const MULTIPART: StreamFormat = {
  mediaType: 'multipart/mixed',
  contentType: 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
  start: `\r\n--graphql${part({})}`,
  heartbeat: part({}),
  end: '--\r\n',
  encode: (result, isFinal) =>
    part(isFinal ? { payload: null, errors: result.errors ?? [] } : { payload: result }),
}

function part(content: object): string {
  return `\r\ncontent-type: application/json\r\n\r\n${inOneLine(content)}\r\n--graphql`
}

/**
 * JSON without a character at which any library splits lines. JSON.stringify escapes all of those but three, and a
 * client that reads lines would take an event with one of them for two.
 */
export function inOneLine(content: object): string {
  const json = JSON.stringify(content)
  // Replacing takes three times as long as JSON.stringify, and looking for a character a seventh of it.
  if (!LINE_ENDS.some((character) => json.includes(character))) return json
  return json.replace(
    /[\u0085\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Returns the format that the client prefers: by weight, then by order. `*` and a missing header mean server-sent
 * events. Undefined if the client accepts neither.
 */
export function streamFormatFor(accept: string | null): StreamFormat | undefined {
  const ranges = mediaRanges(accept)
  const acceptable = ranges.filter(({ weight }) => weight > 0)
  // Sorting is stable, so ranges of the same weight stay in the client's order.
  const formats = acceptable.toSorted((a, b) => b.weight - a.weight).map(formatOf)
  return formats.find((format) => format !== undefined && accepts(ranges, format.mediaType))
}

function formatOf({ type, parameters }: MediaRange): StreamFormat | undefined {
  if (type === MULTIPART.mediaType)
    return parameters.get('subscriptionspec') === '1.0' ? MULTIPART : undefined
  return [SSE.mediaType, 'text/*', '*/*'].includes(type) ? SSE : undefined
}
