import { appendFile } from 'node:fs/promises'
import { checkHistory, countRepeats, expectNoFindings } from '../harness/checkers/history-checker.ts'
import type { GatewayProcess } from '../harness/servers/gateway-process.ts'
import type { FaultRecord } from '../../scripts/fault-table.ts'
import { type Load, type LoadOptions, startLoad } from '../harness/people/load-generator.ts'

/** Users who send messages through gateways during faults, and the checks after each fault. */
export type Crowd = AsyncDisposable &
  Readonly<{
    load: Load
    /** The number of sends that were acknowledged so far. */
    acknowledgedCount(): number
    /**
     * Call when the fault is over. Sends one more message to each chat, waits until every device has everything, and
     * records how long that took. Rejects if a device lacks something `timeoutMs` after the last acknowledgement.
     */
    healed(timeoutMs?: number): Promise<void>
    /** Stops, prints a summary, and fails if the recorded history violates an invariant. */
    verify(name: string): Promise<void>
  }>

export type CrowdOptions = Readonly<{
  /** The addresses that users connect to: of gateways, or of a proxy before them. */
  urls: readonly string[]
  databaseUrl: string
  /** The last log lines of these gateways are shown if a device lacks something. */
  gateways: readonly GatewayProcess[]
  /** Users and chats, see `startLoad`. */
  talk?: Pick<LoadOptions, 'people' | 'groupSizes' | 'sendIntervalMs'> | undefined
}>

/** The time from the end of a fault until every device had everything, and its part after the last acknowledgement. */
type Healing = Readonly<{ wholeMs: number; waitMs: number }>

/** Resolves when users are sending. */
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
      throw new Error(`Devices lack messages. The last log lines of the gateways:\n${log.join('\n')}`, {
        cause: error,
      })
    }
  }

  async function verify(name: string): Promise<void> {
    await load.drain()
    process.stdout.write(`${name}: ${slowest(healings)}; ${summary(load)}\n`)
    if (RECORDS !== undefined)
      await appendFile(RECORDS, `${JSON.stringify(recordOf(name, load, healings))}\n`)
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

/** Where `npm run faults` collects the records. */
const RECORDS = process.env['FAULT_RECORDS']

/** Returns the result of one run of a fault, for the table of faults. */
function recordOf(name: string, { recorder }: Load, healings: readonly Healing[]): FaultRecord {
  const findings = checkHistory(recorder)
  return {
    fault: name,
    healingsMs: healings.map(({ wholeMs }) => Math.round(wholeMs)),
    sends: recorder.sends.length,
    deliveries: recorder.deliveries.length,
    receipts: recorder.receipts.length,
    again: countRepeats(recorder),
    findings: Object.fromEntries(
      [...Map.groupBy(findings, ({ rule }) => rule)].map(([rule, group]) => [rule, group.length]),
    ),
  }
}

/** A member of the chat. */
export function writerOf({ recorder }: Load, chat: string): string {
  return recorder.members.get(chat)?.[0]?.replace('user_', '') ?? ''
}

function slowest(healings: readonly Healing[]): string {
  const most = (times: readonly number[]): number => Math.round(Math.max(...times))
  if (healings.length === 0) return 'no fault'
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
