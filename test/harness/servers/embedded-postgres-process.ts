import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'

/** A process that runs an embedded server, like a second Parley on the same data folder. */
export type EmbeddedPostgresProcess = AsyncDisposable &
  Readonly<{
    url: string
    /** Kills the process. Its server keeps running. */
    kill(): Promise<void>
  }>

export async function startEmbeddedPostgresProcess(dataDir: string): Promise<EmbeddedPostgresProcess> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks: readonly unknown[] = await once(child.stdout, 'data')
  const ended = once(child, 'exit')
  async function kill(): Promise<void> {
    child.kill('SIGKILL')
    await ended
  }
  return { url: String(chunks[0]).trim(), kill, [Symbol.asyncDispose]: kill }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , dataDir = ''] = process.argv
  const { url } = await startEmbeddedPostgres({ dataDir })
  console.log(url)
}
