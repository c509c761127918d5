import { join } from 'node:path'
import { startServer } from '../servers/gateway.ts'
import { SECRET } from '../servers/place.ts'
import { prepareHandWritten } from '../peers/hand-written/prepare.ts'
import { type Target, targetOf, type TargetParts } from './target.ts'

const PEERS = join(import.meta.dirname, '..', 'peers')

/** WebSockets without GraphQL and without a database: the cost of the connections alone. */
export const bareWs = peer('bare-ws', 'bare-ws.ts')

/** graphql-ws with graphql-js, on one process and without a database. */
export const graphqlWs = peer('graphql-ws', 'graphql-ws.ts')

/** Yoga with graphql-ws, on one process and without a database. */
export const yoga = peer('yoga', 'yoga.ts')

/** A chat as a team would write it: Yoga, Prisma and graphql-redis-subscriptions. */
export const handWritten = peer('hand-written', 'hand-written/server.ts', prepareHandWritten)

function peer(name: string, file: string, prepare?: TargetParts['prepare']): Target {
  return targetOf({
    name,
    path: '/graphql',
    ...(prepare !== undefined && { prepare }),
    startGateway: ({ name, folder, databaseUrl, redisUrl, isOpen }) =>
      startServer({
        name,
        folder,
        isOpen,
        args: [join(PEERS, file)],
        env: { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, AUTH_SECRET: SECRET },
      }),
  })
}
