import { createEmbedder, type Embedder, isEmbedded } from './embed.ts'
import { takeToken } from './token.ts'

/** A person of the demo, with a token that is valid for a week. */
export type DemoPerson = Readonly<{ id: string; name: string; token: string }>

/** The first screen, and its user. */
export type Boot =
  /** Development: two people side by side. */
  | Readonly<{ type: 'demo'; people: readonly DemoPerson[] }>
  /** Development: one of the two. */
  | Readonly<{ type: 'pane'; person: DemoPerson; people: readonly DemoPerson[] }>
  | Readonly<{ type: 'signed-in'; token: string }>
  /** In a frame of a product, which provides tokens. */
  | Readonly<{ type: 'embedded'; embedder: Embedder }>
  | Readonly<{ type: 'sign-in' }>

/** The query parameter of a pane: the name of its person, never a token. */
export const PANE = 'pane'

/** Decides what to show. The server names people only in development, and only to pages of the same machine. */
export async function boot(): Promise<Boot> {
  if (isEmbedded()) return { type: 'embedded', embedder: createEmbedder() }
  const token = takeToken()
  if (token !== undefined) return { type: 'signed-in', token }
  const people = await demoPeople()
  if (people.length === 0) return { type: 'sign-in' }
  const pane = new URLSearchParams(location.search).get(PANE)
  const person = people.find(({ name }) => name.toLowerCase() === pane)
  return person === undefined ? { type: 'demo', people } : { type: 'pane', person, people }
}

async function demoPeople(): Promise<readonly DemoPerson[]> {
  try {
    const response = await fetch(new URL('app/demo.json', document.baseURI))
    if (!response.ok) return []
    return ((await response.json()) as { people: readonly DemoPerson[] }).people
  } catch {
    // Without a connection there is no demo. The sign-in page says what to do.
    return []
  }
}
