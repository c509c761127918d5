// A chat as a team would write it with public packages: GraphQL Yoga with graphql-ws, Prisma, and
// graphql-redis-subscriptions between two processes. Messages are durable. There is no replay, order, receipt or
// presence.
import { createServer } from 'node:http'
import { RedisPubSub } from 'graphql-redis-subscriptions'
import { createSchema } from 'graphql-yoga'
import { Redis } from 'ioredis'
import { type Context, resolversOf } from '../resolvers.ts'
import { typeDefs } from '../schema.ts'
import { serveYoga } from '../yoga-server.ts'
import { Chat, openPrisma } from './chat.ts'

const { DATABASE_URL = '', REDIS_URL = '' } = process.env
const pubsub = new RedisPubSub({ publisher: new Redis(REDIS_URL), subscriber: new Redis(REDIS_URL) })
const chat = new Chat(openPrisma(DATABASE_URL), pubsub)

serveYoga(createServer(), createSchema<Context>({ typeDefs, resolvers: resolversOf(chat) }), (viewer) =>
  chat.signIn(viewer),
)
