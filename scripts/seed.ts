import { parseArgs } from 'node:util'
import { loadConfig } from '../src/config/load-config.ts'
import { withDevSecret } from '../src/config/dev-secret.ts'
import { ensurePrismaClient } from '../src/store/migrations/ensure-prisma-client.ts'
import { isGatewayReady, waitUntilReady } from './gateway-ready.ts'
import { printHelp } from './help.ts'
import { seed } from './seed-data.ts'

// `npm run seed`: fills a development instance with people, chats, groups and messages through the public API. It uses
// the instance on PORT, or runs one with the embedded database meanwhile. Every write has a fixed key, so running it
// again adds nothing.

const MAX_MESSAGES = 500

printHelp(`Usage: npm run seed -- [options]

Adds demo people, chats, groups and messages to the development instance on PORT. Starts one meanwhile if none is
running. Running it again adds nothing.

Options:
  --messages <number>  messages per chat, 1 to ${MAX_MESSAGES} (default: 20)
  -h, --help           print this help`)

function readMessageCount(): number {
  const { values } = parseArgs({ options: { messages: { type: 'string', default: '20' } } })
  const count = /^\d+$/.test(values.messages) ? Number(values.messages) : Number.NaN
  if (count >= 1 && count <= MAX_MESSAGES) return count
  throw new Error(`--messages must be a number from 1 to ${MAX_MESSAGES}: the messages per chat.`)
}

async function main(): Promise<void> {
  const messagesPerChat = readMessageCount()
  const { config, secrets } = loadConfig({ LOG_LEVEL: 'warn', ...process.env })
  if (config.mode === 'production') {
    throw new Error('Seeding is for development. Unset NODE_ENV to seed a development instance.')
  }
  const { authSecret } = await withDevSecret(config, secrets)
  if (authSecret === undefined) {
    throw new Error('AUTH_JWKS_URL is set, so tokens cannot be signed here. Unset it to seed this instance.')
  }
  const url = `http://127.0.0.1:${config.http.port}`
  const fill = (): Promise<void> => seed({ url: `${url}/graphql`, config, authSecret, messagesPerChat })
  if (await isGatewayReady(url)) return fill()

  console.log(`No instance on port ${config.http.port}. Starting one for the time of seeding.`)
  await ensurePrismaClient()
  const { run } = await import('../src/main.ts')
  const stop = new AbortController()
  const running = run(config, { ...secrets, authSecret }, stop.signal)
  try {
    await Promise.race([waitUntilReady(url), running])
    await fill()
  } finally {
    stop.abort()
    await running
  }
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
