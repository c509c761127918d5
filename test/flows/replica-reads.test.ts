import fc from 'fast-check'
import { expect, test } from 'vitest'
import { migrate } from '../../src/store/migrations/migrate.ts'
import { startParley } from '../harness/servers/parley.ts'
import type { Person } from '../harness/people/person.ts'
import { type PostgresServer, startPrimary } from '../harness/servers/postgres-server.ts'
import { freePort } from '../harness/network/free-port.ts'
import { startRedis } from '../harness/servers/redis.ts'

const HISTORY = `query ($id: ID!) {
  chat(id: $id) { headSeq messages(last: 1) { edges { node { seq body } } } }
}`

type History = Readonly<{
  chat: { headSeq: number; messages: { edges: readonly { node: { seq: number; body: string } }[] } }
}>

type Step =
  | Readonly<{ type: 'send' | 'read'; gateway: number }>
  | Readonly<{ type: 'pause' | 'resume' | 'die' | 'return' }>

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constantFrom('send' as const, 'read' as const), gateway: fc.nat(1) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('pause' as const, 'resume' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('die' as const, 'return' as const) }) },
)

/** A replica that can be stopped and delayed. */
class Replica {
  readonly #server: PostgresServer
  #isDead = false

  constructor(server: PostgresServer) {
    this.#server = server
  }

  async take(what: 'pause' | 'resume' | 'die' | 'return'): Promise<void> {
    if (this.#isDead !== (what === 'return')) return
    if (what === 'pause') await this.#server.pauseReplay()
    if (what === 'resume') await this.#server.resumeReplay()
    if (what === 'die') await this.#server.kill()
    if (what === 'return') await this.#server.start()
    this.#isDead = what === 'die'
  }
}

/** Returns how many reads a gateway made from its replicas. */
async function replicaReads(adminPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  return Number(/parley_database_reads_total\{from="replica".*\} (\d+)/.exec(text)?.[1] ?? 0)
}

test(
  'returns each user their own writes through any gateway, without errors, whatever happens to the replica',
  { timeout: 120_000 },
  async () => {
    await using primary = await startPrimary()
    await migrate({ url: primary.url })
    await using standby = await primary.startStandby()
    await using redis = await startRedis()
    const options = { databaseUrl: primary.url, replicaUrls: [standby.url], redisUrls: [redis.url] }
    const admin = { host: '127.0.0.1', port: await freePort() }
    await using west = await startParley({ ...options, config: { admin } })
    await using east = await startParley(options)
    const [alice, bob] = [await west.person('alice'), await west.person('bob')]
    const chat = await alice.startChat(bob)
    const atEast = await east.person('alice')
    const everywhere: readonly Person[] = [alice, atEast]
    const replica = new Replica(standby)
    let written = 0

    async function run(what: Step): Promise<void> {
      if (what.type === 'send') {
        const { seq } = await (everywhere[what.gateway] ?? alice).send(chat, `message ${written + 1}`)
        written = seq
      } else if (what.type === 'read') {
        const { chat: seen } = await (everywhere[what.gateway] ?? alice).run<History>(HISTORY, { id: chat })
        expect(seen.headSeq).toBe(written)
        expect(seen.messages.edges[0]?.node.seq ?? 0).toBe(written)
      } else {
        await replica.take(what.type)
      }
    }

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        for (const one of steps) await run(one)
      }),
      { numRuns: 12 },
    )
    await replica.take('return')
    await replica.take('resume')
    await expect
      .poll(
        async () => {
          await run({ type: 'read', gateway: 0 })
          return replicaReads(admin.port)
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0)
  },
)
