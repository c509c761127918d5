// A chat as a team would write it with public packages: GraphQL Yoga with graphql-ws, Prisma, and
// graphql-redis-subscriptions between two processes. Messages are durable. There is no replay, order, receipt or
// presence.
import { createServer } from 'node:http'
import { RedisPubSub } from 'graphql-redis-subscriptions'
import { createSchema } from 'graphql-yoga'
import { Redis } from 'ioredis'
import { typeDefs, type DirectChatInput, type GroupInput, type InboxItem, type SendInput } from '../schema.ts'
import { serveYoga } from '../yoga-server.ts'
import type { Viewer } from '../viewer.ts'
import { Chat, openPrisma } from './chat.ts'

type Context = Readonly<{ viewer: Viewer }>
type Input<Value> = Readonly<{ input: Value }>
type Page = Readonly<{ last?: number; before?: string }>

const { DATABASE_URL = '', REDIS_URL = '' } = process.env
const pubsub = new RedisPubSub({ publisher: new Redis(REDIS_URL), subscriber: new Redis(REDIS_URL) })
const chat = new Chat(openPrisma(DATABASE_URL), pubsub)

const schema = createSchema<Context>({
  typeDefs,
  resolvers: {
    Query: { chat: (_root, { id }: { id: string }) => ({ id }) },
    Chat: {
      async messages({ id }: { id: string }, { last = 50, before }: Page) {
        const messages = await chat.messages(id, last, before)
        return { edges: messages.map((node) => ({ cursor: node.id, node })) }
      },
    },
    Mutation: {
      sendMessage: (_root, { input }: Input<SendInput>, { viewer }: Context) => chat.send(viewer, input),
      startDirectChat: (_root, { input }: Input<DirectChatInput>, { viewer }: Context) =>
        chat.startDirectChat(viewer, input),
      createGroup: (_root, { input }: Input<GroupInput>, { viewer }: Context) =>
        chat.createGroup(viewer, input),
    },
    Subscription: {
      inbox: {
        subscribe: (_root, _args, { viewer }: Context) => chat.inbox(viewer),
        resolve: (item: InboxItem) => item,
      },
    },
  },
})

serveYoga(createServer(), schema, (viewer) => chat.signIn(viewer))
