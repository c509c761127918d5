import { issueToken } from '../auth/issue-token.ts'
import type { Chats } from '../chats/chats.ts'
import { globalId, type UserId } from '../ids.ts'
import type { Users } from '../users/users.ts'
import { type Tour, tourOf } from './tour.ts'

/** Users to try Parley with, in development. */
export type Demo = Readonly<{
  /** Creates alice, bob and carol if necessary. Returns a new token for each. */
  people(): Promise<readonly DemoPerson[]>
  /** Returns GraphiQL's tabs: a tour that is signed in for a week. */
  tour(): Promise<Tour>
}>

export type DemoPerson = Readonly<{ id: UserId; name: string; token: string }>

type Dependencies = Readonly<{
  secret: string
  issuer: string | undefined
  audience: string | undefined
  users: Users
  chats: Chats
}>

const NAMES = ['Alice', 'Bob', 'Carol'] as const

const TOKEN_LIFETIME_MS = 7 * 24 * 3600 * 1000

export function createDemo({ secret, issuer, audience, users, chats }: Dependencies): Demo {
  const people = (): Promise<readonly DemoPerson[]> => Promise.all(NAMES.map(provision))

  async function provision(name: string): Promise<DemoPerson> {
    const id = name.toLowerCase() as UserId
    await users.provision({ id, name, avatarUrl: null, issuedAt: new Date() })
    const claims = { subject: id, name, expiresAt: new Date(Date.now() + TOKEN_LIFETIME_MS) }
    const scope = {
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    }
    return { id, name, token: await issueToken(secret, { ...claims, ...scope }) }
  }

  async function tour(): Promise<Tour> {
    const [alice, bob, carol] = await people()
    if (alice === undefined || bob === undefined || carol === undefined)
      throw new Error('The demo has no users')
    const { chat } = await chats.startDirectChat(alice.id, bob.id)
    return tourOf({
      alice: alice.token,
      bob: bob.token,
      carol: carol.token,
      chatId: globalId.chat(chat.id),
      nextSeq: chat.headSeq + 1,
      messageKey: `tour-${chat.headSeq + 1}`,
    })
  }

  return { people, tour }
}
