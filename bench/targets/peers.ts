import { join } from 'node:path'
import { startServer } from '../servers/gateway.ts'
import { type Place, SECRET, withClient } from '../servers/place.ts'
import { prepareHandWritten } from '../peers/hand-written/prepare.ts'
import { type Target, targetOf, type TargetParts } from './target.ts'

const PEERS = join(import.meta.dirname, '..', 'peers')

/** WebSockets without GraphQL and without a database: the cost of the connections alone. */
export const bareWs = peer('bare-ws', 'bare-ws.ts')

/** The system calls of a durable message between two processes, and nothing else. */
export const floor = peer('floor', 'floor.ts', prepareFloor)

/** graphql-ws with graphql-js, on one process and without a database. */
export const graphqlWs = peer('graphql-ws', 'graphql-ws.ts')

/** Yoga with graphql-ws, on one process and without a database. */
export const yoga = peer('yoga', 'yoga.ts')

/** A chat as a team would write it: Yoga, Prisma and graphql-redis-subscriptions. */
export const handWritten = peer('hand-written', 'hand-written/server.ts', prepareHandWritten)

/** Creates a database with the tables of `floor`. Returns its URL. */
async function prepareFloor(place: Place): Promise<string> {
  const url = await place.createDatabase(`floor ${Date.now()}`)
  await withClient(url, (client) =>
    client.query(`
      CREATE TABLE chats (id uuid PRIMARY KEY, head_seq int NOT NULL DEFAULT 0);
      CREATE TABLE messages (
        chat_id uuid, seq int, sender_id text NOT NULL, client_message_id text NOT NULL, body text NOT NULL,
        sent_at timestamptz NOT NULL, PRIMARY KEY (chat_id, seq), UNIQUE (chat_id, sender_id, client_message_id)
      )`),
  )
  return url
}

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
