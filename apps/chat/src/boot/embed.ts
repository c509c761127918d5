import { ParleyError } from '@parley/client'

/*
 * The app in a frame of a product. The page of the product hands over the token, so the person does not sign in again:
 *
 *   app → product   { type: 'parley:token-request' }   at the start, before a token expires, and when it is refused
 *   product → app   { type: 'parley:token', token }    the answer; without a token, the app shows that it is signed out
 *   app → product   { type: 'parley:unread', count }   for a badge, whenever it changes
 *
 * The first request goes to any origin, because the app does not know which of the allowed ones shows it. It has
 * no secret. An answer counts only if it comes from the window around the frame, at an allowed origin. Anything
 * else is ignored.
 */
const REQUEST = 'parley:token-request'
const TOKEN = 'parley:token'
const UNREAD = 'parley:unread'

/** The query parameter of an address that a product shows in a frame. */
const EMBED = 'embed'

/** The product's page may still be loading its script, so a request is repeated. */
const REPEAT_MS = 1_000
const GIVE_UP_MS = 30_000

/** The page around the app. */
export type Embedder = Readonly<{
  /** Asks for a token. Rejects if there is no answer in time. */
  requestToken(): Promise<string>
  tellUnread(count: number): void
}>

export function isEmbedded(): boolean {
  return window.parent !== window && new URLSearchParams(location.search).has(EMBED)
}

/** Talks to the page around the app. The server names the origins that may show it. */
export function createEmbedder(): Embedder {
  let allowed: ReadonlySet<string> | undefined
  /** The origin of the page, once it has answered. */
  let origin: string | undefined
  let unread: number | undefined

  function tellUnread(count: number): void {
    unread = count
    if (origin !== undefined) window.parent.postMessage({ type: UNREAD, count }, origin)
  }

  /** Returns the token of an answer. Undefined if the message is something else, or comes from elsewhere. */
  function answerIn({ source, origin: sender, data }: MessageEvent<unknown>): string | undefined {
    if (source !== window.parent || allowed?.has(sender) !== true || !isAnswer(data)) return undefined
    origin = sender
    return typeof data.token === 'string' ? data.token : ''
  }

  async function requestToken(): Promise<string> {
    allowed ??= await fetchOrigins()
    const token = await new Promise<string>((resolve, reject) => {
      const end = new AbortController()
      const { signal } = end
      const request = (): void => window.parent.postMessage({ type: REQUEST }, origin ?? '*')
      const repeat = setInterval(request, REPEAT_MS)
      const giveUp = setTimeout(() => {
        end.abort()
        reject(new ParleyError('UNAUTHENTICATED', NO_ANSWER))
      }, GIVE_UP_MS)
      signal.addEventListener('abort', () => {
        clearInterval(repeat)
        clearTimeout(giveUp)
      })
      const onMessage = (event: MessageEvent<unknown>): void => {
        const answer = answerIn(event)
        if (answer === undefined) return
        end.abort()
        resolve(answer)
      }
      addEventListener('message', onMessage, { signal })
      request()
    })
    if (unread !== undefined) tellUnread(unread)
    return token
  }

  return { requestToken, tellUnread }
}

const NO_ANSWER = 'The page around the app gave no token. Its origin must be in ALLOWED_ORIGINS.'

function isAnswer(data: unknown): data is Readonly<{ token: unknown }> {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === TOKEN && 'token' in data
}

async function fetchOrigins(): Promise<ReadonlySet<string>> {
  const response = await fetch(new URL('app/embed.json', document.baseURI))
  const { origins } = (await response.json()) as { origins: readonly string[] }
  return new Set([location.origin, ...origins])
}
