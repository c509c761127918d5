// graphql-ws with graphql-js, as its documentation shows. Documents are parsed and validated once.
import { createServer } from 'node:http'
import { execute, getOperationAST, type GraphQLError, parse, subscribe, validate } from 'graphql'
import type { DocumentNode } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { createSchema } from 'graphql-yoga'
import { WebSocketServer } from 'ws'
import { MemoryChat } from './memory-chat.ts'
import { type Context, resolversOf } from './resolvers.ts'
import { typeDefs } from './schema.ts'
import { type Viewer, viewerOf } from './viewer.ts'

type Parsed = Readonly<{ document: DocumentNode; errors: readonly GraphQLError[] }>

const schema = createSchema<Context>({ typeDefs, resolvers: resolversOf(new MemoryChat()) })
const documents = new Map<string, Parsed>()

function parsed(query: string): Parsed {
  const known = documents.get(query)
  if (known !== undefined) return known
  const document = parse(query)
  const made = { document, errors: validate(schema, document) }
  documents.set(query, made)
  return made
}

const server = createServer()
useServer(
  {
    execute,
    subscribe,
    async onConnect(ctx) {
      Object.assign(ctx.extra, { viewer: await viewerOf(ctx.connectionParams) })
    },
    onSubscribe(ctx, _id, { query, operationName, variables }) {
      const { document, errors } = parsed(query)
      if (errors.length > 0) return errors
      if (!getOperationAST(document, operationName)) throw new Error('The operation is missing.')
      const { viewer } = ctx.extra as unknown as { viewer: Viewer }
      return { schema, document, operationName, variableValues: variables, contextValue: { viewer } }
    },
  },
  new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }),
)
server.listen(Number(process.env['PORT']), '127.0.0.1')
