import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { importJWK, jwtVerify } from 'jose'
import { EventQueue } from '../fixtures/event-queue.ts'
import type { TestTls } from '../network/tls.ts'
import { type Answer, LOST } from './answers.ts'

/** A message that has arrived for a subscription, decrypted. */
export type WebPushed = Readonly<{
  path: string
  ttl: number
  urgency: string
  topic: string
  data: Readonly<Record<string, unknown>>
}>

export type Subscription = Readonly<{ endpoint: string; p256dh: string; auth: string }>

/** A push service of a browser, by RFC 8030. It checks VAPID (RFC 8292), and decrypts as browsers do (RFC 8291). */
export type WebPushService = AsyncDisposable &
  Readonly<{
    received: EventQueue<WebPushed>
    requestCount(): number
    /** Subscribes a browser that accepts messages of this key alone. */
    subscribe(applicationServerKey: string): Subscription
    /** Sets the answer until it is called again. Default: 201. */
    answerWith(answer: (message: WebPushed) => Answer | Promise<Answer>): void
  }>

type Browser = Readonly<{ pair: ReturnType<typeof createECDH>; auth: Buffer; serverKey: string }>

export async function startWebPushService({ key, cert }: TestTls): Promise<WebPushService> {
  const received = new EventQueue<WebPushed>()
  const browsers = new Map<string, Browser>()
  let answer = (_: WebPushed): Answer | Promise<Answer> => ({ status: 201 })
  let requests = 0

  const server = createServer({ key, cert }, (request, response) => {
    requests += 1
    const send = (given: Answer) =>
      given === LOST ? response.destroy() : response.writeHead(given.status, given.headers).end(given.body)
    const accept = async (): Promise<Answer> => {
      const browser = browsers.get(request.url ?? '')
      if (browser === undefined) return { status: 404 }
      const { headers } = request
      await verifyVapid(headers.authorization ?? '', browser.serverKey, origin())
      if (headers['content-encoding'] !== 'aes128gcm') return { status: 415 }
      const body = await buffer(request)
      if (body.length > 4_096) return { status: 413 }
      const message = {
        path: request.url ?? '',
        ttl: Number(headers['ttl']),
        urgency: String(headers['urgency']),
        topic: String(headers['topic']),
        data: JSON.parse(decrypt(body, browser)) as Record<string, unknown>,
      }
      if (!/^[A-Za-z0-9_-]{1,32}$/.test(message.topic)) return { status: 400, body: 'invalid topic' }
      const given = await answer(message)
      if (given.status < 300) received.push(message)
      return given
    }
    accept().then(send, (error: unknown) => send({ status: 403, body: String(error) }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = () => `https://localhost:${(server.address() as AddressInfo).port}`

  return {
    received,
    requestCount: () => requests,
    answerWith: (next) => (answer = next),
    subscribe(serverKey) {
      const pair = createECDH('prime256v1')
      pair.generateKeys()
      const auth = randomBytes(16)
      const path = `/push/${randomBytes(12).toString('hex')}`
      browsers.set(path, { pair, auth, serverKey })
      return {
        endpoint: `${origin()}${path}`,
        p256dh: pair.getPublicKey('base64url'),
        auth: auth.toString('base64url'),
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** RFC 8292: the token is signed by the key that the browser subscribed with, for this push service. */
async function verifyVapid(authorization: string, serverKey: string, origin: string): Promise<void> {
  const [, token = '', key = ''] = /^vapid t=([^,]+), *k=(.+)$/.exec(authorization) ?? []
  if (key !== serverKey) throw new Error('another key')
  const point = Buffer.from(key, 'base64url')
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'))
  const publicKey = await importJWK({ kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, 'ES256')
  const { payload } = await jwtVerify(token, publicKey, { audience: origin, algorithms: ['ES256'] })
  if (!/^(mailto:|https:)/.test(String(payload.sub))) throw new Error('no subject')
  if ((payload.exp ?? Infinity) > Date.now() / 1000 + 86_400) throw new Error('valid for too long')
}

/** RFC 8291 with one record of RFC 8188. */
function decrypt(body: Buffer, { pair, auth }: Browser): string {
  const salt = body.subarray(0, 16)
  const idLength = body[20] ?? 0
  const senderKey = body.subarray(21, 21 + idLength)
  const record = body.subarray(21 + idLength)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), pair.getPublicKey(), senderKey])
  const secret = Buffer.from(hkdfSync('sha256', pair.computeSecret(senderKey), auth, info, 32))
  const derive = (name: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, salt, `Content-Encoding: ${name}\0`, length))
  const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12))
  decipher.setAuthTag(record.subarray(-16))
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
  return padded.subarray(0, padded.lastIndexOf(2)).toString()
}
