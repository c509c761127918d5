import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createSecureServer, type Http2ServerRequest, type Http2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { jwtVerify } from 'jose'
import { EventQueue } from '../fixtures/event-queue.ts'
import type { TestTls } from '../network/tls.ts'
import type { Answer } from './answers.ts'

export type FcmPushed = Readonly<{
  token: string
  data: Readonly<Record<string, string>>
  notification?: Readonly<{ title: string; body: string }>
  android: Readonly<Record<string, unknown>>
}>

/** A server of Firebase: the token endpoint of OAuth, and HTTP v1. */
export type FcmServer = AsyncDisposable &
  Readonly<{
    config: Readonly<{ accountFile: string; url: string }>
    received: EventQueue<FcmPushed>
    requestCount(): number
    /** How many access tokens were issued. */
    tokenCount(): number
    /** Makes all access tokens invalid. */
    revokeTokens(): void
    answerWith(answer: (message: FcmPushed) => Answer): void
  }>

const PROJECT = 'parley-tests'
const EMAIL = 'push@parley-tests.example'

export async function startFcmServer({ key, cert }: TestTls): Promise<FcmServer> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const received = new EventQueue<FcmPushed>()
  const sessions = new Set<Http2Session>()
  const tokens = new Set<string>()
  let answer = (_: FcmPushed): Answer => ({ status: 200, body: '{}' })
  let requests = 0
  let issued = 0

  async function grant(request: Http2ServerRequest): Promise<Answer> {
    const form = new URLSearchParams(await text(request))
    const { payload } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
      algorithms: ['RS256'],
      issuer: EMAIL,
      audience: `${url()}/token`,
    })
    if (payload['scope'] !== 'https://www.googleapis.com/auth/firebase.messaging') return { status: 400 }
    const token = randomUUID()
    tokens.add(token)
    issued += 1
    return { status: 200, body: JSON.stringify({ access_token: token, expires_in: 3_599 }) }
  }

  async function accept(request: Http2ServerRequest): Promise<Answer> {
    if (request.url === '/token') return grant(request)
    requests += 1
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
    if (!tokens.has(token)) return fcmError(401, 'UNAUTHENTICATED')
    if (request.url !== `/v1/projects/${PROJECT}/messages:send`) return { status: 404 }
    const { message } = JSON.parse(await text(request)) as { message: FcmPushed }
    const given = answer(message)
    if (given.status === 200) received.push(message)
    return given
  }

  const server = createSecureServer({ key, cert }, (request, response) => {
    accept(request).then(
      ({ status, headers, body = '' }) => {
        response.writeHead(status, headers)
        response.end(body)
      },
      (error: unknown) => {
        response.writeHead(400)
        response.end(String(error))
      },
    )
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = () => `https://localhost:${(server.address() as AddressInfo).port}`
  const accountFile = join(tmpdir(), `parley-fcm-${randomUUID()}.json`)
  const account = {
    type: 'service_account',
    project_id: PROJECT,
    client_email: EMAIL,
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `${url()}/token`,
  }
  await writeFile(accountFile, JSON.stringify(account))

  return {
    config: { accountFile, url: url() },
    received,
    requestCount: () => requests,
    tokenCount: () => issued,
    revokeTokens: () => tokens.clear(),
    answerWith: (next) => (answer = next),
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      server.close()
      await rm(accountFile, { force: true })
    },
  }
}

/** An error of FCM, with its own code in the details. */
export function fcmError(status: number, code: string, headers: Answer['headers'] = {}): Answer {
  const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code }]
  return {
    status,
    headers,
    body: JSON.stringify({ error: { code: status, message: code, status: code, details } }),
  }
}
