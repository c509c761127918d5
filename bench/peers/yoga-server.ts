import type { Server } from 'node:http'
import type { DocumentNode, ExecutionArgs, GraphQLError, GraphQLSchema } from 'graphql'
import type { OperationResult } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { createYoga, type YogaSchemaDefinition } from 'graphql-yoga'
import { WebSocketServer } from 'ws'
import { type Viewer, viewerOf } from './viewer.ts'

type Execute = (args: ExecutionArgs) => OperationResult
/** Yoga leaves these untyped. */
type Enveloped = Readonly<{
  schema: GraphQLSchema
  parse(source: string): DocumentNode
  validate(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[]
  contextFactory(): Promise<object>
  execute: Execute
  subscribe: Execute
}>
type Rooted = ExecutionArgs & Readonly<{ rootValue: Readonly<Record<'execute' | 'subscribe', Execute>> }>

/**
 * Serves a schema by Yoga over graphql-ws, wired as both projects document it. `signIn` is called once per connection.
 */
export function serveYoga<Context extends object>(
  server: Server,
  schema: YogaSchemaDefinition<object, Context>,
  signIn: (viewer: Viewer) => Promise<void> = async () => undefined,
): void {
  const yoga = createYoga<object, Context>({ schema, logging: false, graphiql: false })
  server.on('request', (request, response) => void yoga(request, response))
  const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint, perMessageDeflate: false })
  useServer(
    {
      execute: (args) => (args as Rooted).rootValue.execute(args),
      subscribe: (args) => (args as Rooted).rootValue.subscribe(args),
      async onConnect(ctx) {
        const viewer = await viewerOf(ctx.connectionParams)
        Object.assign(ctx.extra, { viewer })
        await signIn(viewer)
      },
      async onSubscribe(ctx, _id, { operationName, query, variables }) {
        const { viewer } = ctx.extra as unknown as { viewer: Viewer }
        const enveloped = yoga.getEnveloped({ ...ctx, viewer }) as Enveloped
        const { schema, execute, subscribe, contextFactory, parse, validate } = enveloped
        const document = parse(query)
        const errors = validate(schema, document)
        if (errors.length > 0) return errors
        const contextValue = await contextFactory()
        return {
          schema,
          operationName,
          document,
          variableValues: variables,
          contextValue,
          rootValue: { execute, subscribe },
        }
      },
    },
    sockets,
  )
  server.listen(Number(process.env['PORT']), '127.0.0.1')
}
