// GraphQL Yoga with graphql-ws, as both document it.
import { createServer } from 'node:http'
import { createSchema } from 'graphql-yoga'
import { MemoryChat } from './memory-chat.ts'
import { type Context, resolversOf } from './resolvers.ts'
import { typeDefs } from './schema.ts'
import { serveYoga } from './yoga-server.ts'

serveYoga(createServer(), createSchema<Context>({ typeDefs, resolvers: resolversOf(new MemoryChat()) }))
