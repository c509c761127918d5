import { pause } from '../../src/lib/async.ts'
import { offer } from './offer.ts'
import { inParallel } from './parallel.ts'
import { SoakPair } from './soak-pair.ts'
import { SoakStatistics } from './soak-statistics.ts'
import type { Load, Opening, Run } from './workload.ts'

const SECOND_MS = 1_000
const SETTLE_WITHIN_MS = 60_000
const POLL_MS = 50

/**
 * Pairs who go on for as long as the process runs: the recipients acknowledge every second, and every second one of
 * them leaves and returns. Each run offers messages at a rate, or resolves when all have arrived if its rate is 0.
 */
export async function openSoak(opening: Opening): Promise<Run> {
  const statistics = new SoakStatistics()
  const pairs = await openPairs(opening, statistics)
  keepBusy(pairs)
  let sent = 0
  return async (load, signal) => {
    statistics.startInterval()
    if (load.perSecond === 0) await settle(statistics)
    const count = await offerMessages(load, signal)
    return { count, figures: statistics.figures() }
  }

  async function offerMessages(load: Load, signal: AbortSignal): Promise<number> {
    if (load.perSecond === 0) return 0
    return offer(
      load,
      (dueAt) => {
        sent += 1
        pairs[sent % pairs.length]?.send(sent, dueAt)
      },
      signal,
    )
  }
}

function openPairs(
  { urls, secret, pairs }: Opening,
  statistics: SoakStatistics,
): Promise<readonly SoakPair[]> {
  const urlOf = (index: number): string => urls[index % urls.length] ?? ''
  return inParallel(pairs, (index) =>
    SoakPair.open({ index, senderUrl: urlOf(index), recipientUrl: urlOf(index + 1), secret, statistics }),
  )
}

function keepBusy(pairs: readonly SoakPair[]): void {
  let seconds = 0
  setInterval(() => {
    seconds += 1
    for (const pair of pairs) void pair.acknowledge()
    void pairs[seconds % pairs.length]?.reconnect()
  }, SECOND_MS)
}

async function settle({ ledger }: SoakStatistics): Promise<void> {
  const deadline = performance.now() + SETTLE_WITHIN_MS
  while (ledger.open > 0 && performance.now() < deadline) await pause(POLL_MS)
}
