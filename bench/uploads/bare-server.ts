// A bare HTTP server that takes and serves files at a given rate, and does nothing else. It gets the bytes that passed
// the gateway, at the same rate, so its row shows what they cost the machine.
import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createPace } from '../../src/media/pace.ts'

const { PORT = '', FOLDER = '', BYTES_PER_SECOND = '' } = process.env
const pace = createPace({ bytesPerSecond: Number(BYTES_PER_SECOND), onPassed: () => undefined })
const served = join(FOLDER, 'file')
let count = 0

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'PUT') return pipeline(createReadStream(served), pace, response)
  const path = join(FOLDER, `received-${(count += 1)}`)
  await pipeline(pace(request.iterator({ destroyOnReturn: false })), createWriteStream(path))
  await flush(path)
  response.writeHead(204).end()
  await rm(path)
}

async function flush(path: string): Promise<void> {
  await using file = await open(path)
  await file.sync()
}

await mkdir(FOLDER, { recursive: true })
await writeFile(served, randomBytes(5_000_000))
createServer((request, response) => {
  serve(request, response).catch(() => response.destroy())
}).listen(Number(PORT), '127.0.0.1')
