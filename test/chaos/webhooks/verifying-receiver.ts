// A receiver of webhooks in its own process, which knows nothing of Parley: it verifies with `standardwebhooks` alone.
// Lines of its input: `secret <text>`, `fail <number>` (each event whose seq it divides fails once), `down`, `up`.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

let verifier = new Webhook('whsec_AAAA')
let failEvery = Infinity
let isDown = false
const failed = new Set<string>()

type Message = Readonly<{ type: string; data: Readonly<{ chatId: string; seq: number }> }>

function fails(id: string, { data: { seq } }: Message): boolean {
  if (seq % failEvery !== 0 || failed.has(id)) return false
  failed.add(id)
  return true
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = request.headers as Record<string, string>
  const body = await text(request)
  if (isDown) return void response.writeHead(503).end()
  try {
    const message = verifier.verify(body, headers) as Message
    const id = headers['webhook-id'] ?? ''
    if (fails(id, message)) return void response.writeHead(500).end()
    console.log(JSON.stringify({ id, type: message.type, ...message.data }))
    response.writeHead(204).end()
  } catch (error) {
    console.log(`not verified: ${String(error)}`)
    response.writeHead(400).end()
  }
}

const server = createServer((request, response) => void receive(request, response))

createInterface(process.stdin).on('line', (line) => {
  const [command, value = ''] = line.split(' ')
  if (command === 'secret') verifier = new Webhook(value)
  if (command === 'fail') failEvery = Number(value)
  if (command === 'down' || command === 'up') isDown = command === 'down'
  console.log(`ok ${command}`)
})

server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
