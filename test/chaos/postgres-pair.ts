import { migrate } from '../../src/store/migrations/migrate.ts'
import { multiHostUrl } from '../harness/servers/multi-host-url.ts'
import { type PostgresServer, startPrimary } from '../harness/servers/postgres-server.ts'

/** Two servers. The one that died returns as a standby of the other, on its own port. */
export class Pair implements AsyncDisposable {
  primary: PostgresServer
  standby: PostgresServer
  readonly #all = new AsyncDisposableStack()

  constructor(primary: PostgresServer, standby: PostgresServer) {
    this.primary = this.#all.use(primary)
    this.standby = this.#all.use(standby)
  }

  get url(): string {
    return multiHostUrl([this.primary, this.standby])
  }

  /** Kills the primary and promotes the standby. Resolves with the time from which it accepts writes. */
  async failOver(): Promise<number> {
    await this.primary.kill()
    await this.standby.requireStandby(false)
    await this.standby.promote()
    return performance.now()
  }

  /** Restarts the former primary as a synchronous standby. */
  async recover(): Promise<void> {
    const { port } = this.primary
    await this.primary[Symbol.asyncDispose]()
    this.primary = this.standby
    this.standby = this.#all.use(await this.primary.startStandby(port))
    await this.primary.requireStandby()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#all.disposeAsync()
  }
}

/** Starts a migrated primary with a standby. */
export async function startPair({ isSynchronous }: { isSynchronous: boolean }): Promise<Pair> {
  const primary = await startPrimary()
  await migrate({ url: primary.url })
  const pair = new Pair(primary, await primary.startStandby())
  if (isSynchronous) await primary.requireStandby()
  return pair
}
