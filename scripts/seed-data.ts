import { issueToken } from '../src/auth/issue-token.ts'
import type { Config } from '../src/config/config.ts'
import { pause } from '../src/lib/async.ts'

type Options = Readonly<{ url: string; config: Config; authSecret: string; messagesPerChat: number }>

/** Runs a GraphQL operation as this person. */
type RunAs = (name: string, query: string, variables?: object) => Promise<Record<string, unknown>>

const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'] as const

const DIRECT_CHATS = [
  ['alice', 'bob'],
  ['alice', 'carol'],
  ['alice', 'dave'],
  ['bob', 'carol'],
  ['erin', 'alice'],
] as const

const GROUPS = [
  { key: 'seed-lunch', title: 'Lunch', people: ['alice', 'bob', 'carol'] },
  { key: 'seed-project', title: 'Project', people: ['bob', 'alice', 'carol', 'dave', 'erin'] },
  { key: 'seed-all', title: 'Everyone', people: PEOPLE },
] as const

const PHRASES = [
  'Good morning!',
  'Are you free at noon?',
  'Yes, see you then.',
  'The new version is out.',
  'I will have a look this afternoon.',
  'Thanks 👍',
  'Can you send me the link?',
  'https://example.com/notes',
  'Perfect.',
  'See you tomorrow.',
] as const

const VIEWER = '{ viewer { id } }'
const START_CHAT = `
  mutation ($userId: ID!) { startDirectChat(input: { userId: $userId }) { chat { id } } }`
const CREATE_GROUP = `
  mutation ($input: CreateGroupInput!) { createGroup(input: $input) { chat { id } } }`
const SEND = `
  mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } deduplicated } }`

/** Requests that are retried: the instance is busy, or the rate limit of a person is reached. */
const RETRY_MS = 500
const MAX_ATTEMPTS = 60

/** Seeds an instance: signs the people in, opens their chats and groups, and sends messages in each of them. */
export async function seed({ url, config, authSecret, messagesPerChat }: Options): Promise<void> {
  const runAs = createClient(url, await signTokens(config, authSecret))
  for (const name of PEOPLE) await runAs(name, VIEWER)
  console.log(`${PEOPLE.length} people: ${PEOPLE.join(', ')}`)

  let [sent, known] = [0, 0]
  for (const chat of await openChats(runAs)) {
    const deduplicated = await fillChat(runAs, chat, messagesPerChat)
    sent += messagesPerChat - deduplicated
    known += deduplicated
    console.log(`${chat.title}: ${messagesPerChat} messages`)
  }
  console.log(`Done: ${sent} messages sent, ${known} were there already.`)
  console.log('Sign in with a token from "npx parley token alice".')
}

async function signTokens(config: Config, authSecret: string): Promise<ReadonlyMap<string, string>> {
  const { auth } = config
  const scope = {
    ...(auth.issuer === undefined ? {} : { issuer: auth.issuer }),
    ...(auth.audience === undefined ? {} : { audience: auth.audience }),
  }
  const expiresAt = new Date(Date.now() + 3_600_000)
  const sign = async (subject: string) => {
    const name = subject.replace(/^./, (letter) => letter.toUpperCase())
    return [subject, await issueToken(authSecret, { subject, name, expiresAt, ...scope })] as const
  }
  return new Map(await Promise.all(PEOPLE.map(sign)))
}

type SeedChat = Readonly<{ id: string; title: string; key: string; people: readonly string[] }>

async function openChats(runAs: RunAs): Promise<readonly SeedChat[]> {
  const chats: SeedChat[] = []
  for (const [one, other] of DIRECT_CHATS) {
    const data = await runAs(one, START_CHAT, { userId: `user_${other}` })
    const title = `${one} and ${other}`
    chats.push({ id: chatIdOf(data['startDirectChat']), title, key: `seed-${one}`, people: [one, other] })
  }
  for (const { key, title, people } of GROUPS) {
    const [creator, ...others] = people
    const memberIds = others.map((name) => `user_${name}`)
    const data = await runAs(creator, CREATE_GROUP, { input: { clientChatId: key, title, memberIds } })
    chats.push({ id: chatIdOf(data['createGroup']), title, key, people })
  }
  return chats
}

function chatIdOf(payload: unknown): string {
  return (payload as { chat: { id: string } }).chat.id
}

/** Sends the messages of a chat, its people in turn. Returns how many were there already. */
async function fillChat(runAs: RunAs, { id, key, people }: SeedChat, count: number): Promise<number> {
  let deduplicated = 0
  for (let number = 0; number < count; number += 1) {
    const sender = people[number % people.length] ?? ''
    const body = PHRASES[number % PHRASES.length] ?? ''
    const input = { chatId: id, clientMessageId: `${key}-${number}`, body }
    const data = await runAs(sender, SEND, { input })
    if ((data['sendMessage'] as { deduplicated: boolean }).deduplicated) deduplicated += 1
  }
  return deduplicated
}

type Response = Readonly<{
  data?: Record<string, unknown> | null
  errors?: readonly { message: string; extensions: { retryable?: boolean; retryAfterMs?: number } }[]
}>

function createClient(url: string, tokens: ReadonlyMap<string, string>): RunAs {
  return async (name, query, variables = {}) => {
    for (let attempt = 0; ; attempt += 1) {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          authorization: `Bearer ${tokens.get(name) ?? ''}`,
        },
        body: JSON.stringify({ query, variables }),
      })
      const { data, errors } = (await response.json()) as Response
      if (errors === undefined && data !== undefined && data !== null) return data
      const [error] = errors ?? []
      if (error?.extensions.retryable !== true || attempt === MAX_ATTEMPTS) {
        throw new Error(`Seeding failed as ${name}: ${error?.message ?? 'no data in the response'}`)
      }
      await pause(error.extensions.retryAfterMs ?? RETRY_MS)
    }
  }
}
