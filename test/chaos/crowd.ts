import { countRepeats, expectNoFindings } from '../harness/checkers/history-checker.ts'
import type { GatewayProcess } from '../harness/servers/gateway-process.ts'
import { type Load, type LoadOptions, startLoad } from '../harness/people/load-generator.ts'

/** People who talk over gateways, whatever is done to these, and the questions after a fault. */
export type Crowd = AsyncDisposable &
  Readonly<{
    load: Load
    /** How many sends were acknowledged so far. */
    acknowledgedCount(): number
    /**
     * The fault is over: says one thing more in each chat, waits until everybody has everything, and notes how long
     * that took. Fails when somebody lacks something `timeoutMs` after the last of it was acknowledged.
     */
    healed(timeoutMs?: number): Promise<void>
    /** Drains, prints what it took, and fails if anything is wrong with what was recorded. */
    verify(name: string): Promise<void>
  }>

export type CrowdOptions = Readonly<{
  /** The addresses that people use: of the gateways, or of what stands in front of them. */
  urls: readonly string[]
  databaseUrl: string
  /** Whose last words are shown when somebody lacks something. */
  gateways: readonly GatewayProcess[]
  /** Who talks where, see `startLoad`. */
  talk?: Pick<LoadOptions, 'people' | 'groupSizes' | 'sendIntervalMs'> | undefined
}>

/** From the end of a fault until everybody had everything, and the part of it after the last acknowledgement. */
type Healing = Readonly<{ wholeMs: number; waitMs: number }>

/** People are talking when it resolves. */
export async function startCrowd({ urls, databaseUrl, gateways, talk }: CrowdOptions): Promise<Crowd> {
  await using resources = new AsyncDisposableStack()
  const load = resources.use(await startLoad({ urls, databaseUrl, ...talk }))
  load.startSending()
  await load.measureRecovery()
  const healings: Healing[] = []

  async function healed(timeoutMs?: number): Promise<void> {
    const from = performance.now()
    try {
      await Promise.all(load.chats.map((chat) => load.send(writerOf(load, chat), chat)))
      const waitMs = await load.measureRecovery(timeoutMs)
      healings.push({ wholeMs: performance.now() - from, waitMs })
    } catch (error) {
      const log = gateways.flatMap((gateway) => gateway.log.slice(-10))
      throw new Error(`Not everybody has everything. The gateways said:\n${log.join('\n')}`, { cause: error })
    }
  }

  async function verify(name: string): Promise<void> {
    await load.drain()
    process.stdout.write(`${name}: ${slowest(healings)}; ${summary(load)}\n`)
    expectNoFindings(load.recorder)
  }

  const kept = resources.move()
  return {
    load,
    acknowledgedCount: () => load.recorder.sends.filter(({ outcome }) => outcome.type === 'ok').length,
    healed,
    verify,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Somebody who is in the chat. */
export function writerOf({ recorder }: Load, chat: string): string {
  return recorder.members.get(chat)?.[0]?.replace('user_', '') ?? ''
}

function slowest(healings: readonly Healing[]): string {
  const most = (times: readonly number[]): number => Math.round(Math.max(...times))
  if (healings.length === 0) return 'nothing to heal'
  const waits = most(healings.map(({ waitMs }) => waitMs))
  return `slowest healing ${most(healings.map(({ wholeMs }) => wholeMs))} ms, longest wait for a device ${waits} ms`
}

function summary({ recorder, devices }: Load): string {
  const { sends, deliveries } = recorder
  const interruptions = devices.reduce((sum, device) => sum + device.interruptions.length, 0)
  return (
    `${sends.length} sends, ${deliveries.length} deliveries to ${devices.length} devices, ` +
    `${countRepeats(recorder)} of them again, ${interruptions} interruptions`
  )
}
