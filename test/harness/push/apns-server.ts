import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import {
  createSecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { jwtVerify } from 'jose'
import { EventQueue } from '../fixtures/event-queue.ts'
import type { TestTls } from '../network/tls.ts'
import type { Answer } from './answers.ts'

export type ApnsPushed = Readonly<{
  token: string
  headers: IncomingHttpHeaders
  payload: Readonly<{ aps: Record<string, unknown>; parley: Record<string, unknown> }>
}>

/** A server of APNs: HTTP/2 alone, with a token that is signed by ES256. */
export type ApnsServer = AsyncDisposable &
  Readonly<{
    url: string
    /** The settings of a gateway that sends here. */
    config: Readonly<{ keyFile: string; keyId: string; teamId: string; topic: string; url: string }>
    received: EventQueue<ApnsPushed>
    requestCount(): number
    sessionCount(): number
    /** Sends GOAWAY to all connections. */
    goAway(): void
    /** Sets the answer until it is called again. Default: 200. */
    answerWith(answer: (message: ApnsPushed) => Answer): void
  }>

const KEY_ID = 'ABCDE12345'
const TEAM_ID = 'TEAM123456'

export async function startApnsServer({ key, cert }: TestTls): Promise<ApnsServer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyFile = join(tmpdir(), `parley-apns-${randomUUID()}.p8`)
  await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const received = new EventQueue<ApnsPushed>()
  const sessions = new Set<Http2Session>()
  let answer = (_: ApnsPushed): Answer => ({ status: 200 })
  let requests = 0
  let opened = 0

  async function accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<Answer> {
    const [, token = ''] = /^\/3\/device\/([0-9a-f]+)$/.exec(headers[':path'] ?? '') ?? []
    const [, jwt = ''] = /^bearer (.+)$/.exec(headers.authorization ?? '') ?? []
    const { protectedHeader, payload: claims } = await jwtVerify(jwt, publicKey, { algorithms: ['ES256'] })
    if (protectedHeader.kid !== KEY_ID || claims.iss !== TEAM_ID) return refused(403, 'InvalidProviderToken')
    const body = await text(stream)
    if (Buffer.byteLength(body) > 4_096) return refused(413, 'PayloadTooLarge')
    if (Buffer.byteLength(String(headers['apns-collapse-id'])) > 64) return refused(400, 'BadCollapseId')
    const message = { token, headers, payload: JSON.parse(body) as ApnsPushed['payload'] }
    const given = answer(message)
    if (given.status === 200) received.push(message)
    return given
  }

  const server = createSecureServer({ key, cert, allowHTTP1: false })
  server.on('session', (session) => {
    opened += 1
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    requests += 1
    stream.on('error', () => undefined)
    accept(stream, headers).then(
      ({ status, headers: more, body = '' }) => {
        if (stream.closed) return
        stream.respond({ ':status': status, ...more })
        stream.end(body)
      },
      () => stream.respond({ ':status': 403 }, { endStream: true }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://localhost:${(server.address() as AddressInfo).port}`

  return {
    url,
    config: { keyFile, keyId: KEY_ID, teamId: TEAM_ID, topic: 'com.example.chat', url },
    received,
    requestCount: () => requests,
    sessionCount: () => opened,
    goAway: () => sessions.forEach((session) => session.goaway()),
    answerWith: (next) => (answer = next),
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      server.close()
      await rm(keyFile, { force: true })
    },
  }
}

/** An error of APNs. */
export function refused(status: number, reason: string): Answer {
  return { status, body: JSON.stringify({ reason }) }
}
