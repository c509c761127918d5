import { pause } from '../src/lib/async.ts'

const RETRY_MS = 100

/** Resolves when the gateway at this address is ready. Rejects after a minute. */
export async function waitUntilReady(url: string, signal = AbortSignal.timeout(60_000)): Promise<void> {
  while (!(await isGatewayReady(url))) {
    if (signal.aborted) throw new Error(`${url} is not ready. See its log for the reason.`)
    await pause(RETRY_MS)
  }
}

/** Whether a gateway at this address is ready for requests. */
export async function isGatewayReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).ok
  } catch {
    return false
  }
}
