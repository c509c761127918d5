// A bare HTTP server that takes and serves files at a given rate, and does nothing else. The same bytes at the same rate
// pass it as passed the gateway, so its row shows what they cost the machine.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createPace } from '../../src/media/pace.ts'

const { PORT = '', FOLDER = '', BYTES_PER_SECOND = '' } = process.env
const pace = createPace({ bytesPerSecond: Number(BYTES_PER_SECOND), onPassed: () => undefined })
let count = 0

async function take(request: IncomingMessage, path: string): Promise<void> {
  await pipeline(pace(request.iterator({ destroyOnReturn: false })), createWriteStream(path))
  await using file = await open(path)
  await file.sync()
}

await mkdir(FOLDER, { recursive: true })
createServer(async (request, response) => {
  const isUpload = request.method === 'PUT'
  const path = join(FOLDER, isUpload ? `received-${(count += 1)}` : 'file')
  if (isUpload) await take(request, request.url === '/file' ? join(FOLDER, 'file') : path)
  if (isUpload) response.writeHead(204).end()
  else await pipeline(createReadStream(path), pace, response)
  if (isUpload) await rm(path, { force: true })
}).listen(Number(PORT), '127.0.0.1')
