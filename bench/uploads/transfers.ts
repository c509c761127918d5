// A worker that uploads or downloads files until it is told to stop. It takes its own part of the processors. It is
// ready when the first file is through. All bytes of 20 uploads arrive before the first of them is inspected.
import { randomBytes } from 'node:crypto'
import { request as openRequest } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import sharp from 'sharp'
import { askAs } from '../attacks/honest-users.ts'

export type TransferKind = 'files up' | 'photos up' | 'files down'

/** The transfers to make at the gateway on this port, or without a token, at a bare server. */
export type Transfers = Readonly<{ kind: TransferKind; port: number; token?: string; atOnce: number }>

/** The transfers that were made. */
export type Transferred = Readonly<{ count: number; failures: number; bytes: number }>

const BYTES = 5_000_000

const CREATE = `mutation ($input: CreateUploadInput!) {
  createUpload(input: $input) { uploadUrl attachment { id url } }
}`
type Created = Readonly<{
  createUpload: Readonly<{ uploadUrl: string; attachment: Readonly<{ url: string }> }>
}>

const { kind, port, token, atOnce } = workerData as Transfers
const ask = token === undefined ? undefined : askAs(port, token)
const stop = new AbortController()
let [count, failures, bytes] = [0, 0, 0]
let isReady = false

parentPort?.once('message', () => stop.abort())
const work = await prepare()
await Promise.all(Array.from({ length: atOnce }, repeat))
parentPort?.postMessage({ count, failures, bytes } satisfies Transferred, [])

async function repeat(): Promise<void> {
  while (!stop.signal.aborted) {
    try {
      const transferred = await work()
      if (isReady) {
        bytes += transferred
        count += 1
      } else {
        isReady = true
        parentPort?.postMessage('ready', [])
      }
    } catch {
      failures += 1
    }
  }
}

async function prepare(): Promise<() => Promise<number>> {
  if (kind === 'photos up') {
    const photo = await newPhoto()
    return () => upload(photo, 'image/jpeg')
  }
  const file = randomBytes(BYTES)
  if (kind === 'files up') return () => upload(file, 'application/pdf')
  const { uploadUrl, attachment } = await create(file, 'application/pdf')
  await send(uploadUrl, 'PUT', file)
  return () => send(attachment.url, 'GET')
}

/** A JPEG of about five megabytes, of 12 million pixels. */
function newPhoto(): Promise<Buffer> {
  const [width, height] = [4_000, 3_000]
  const noise = { type: 'gaussian', mean: 128, sigma: 28 } as const
  return sharp({ create: { width, height, channels: 3, background: 'teal', noise } })
    .jpeg({ quality: 85 })
    .toBuffer()
}

async function create(content: Buffer, contentType: string): Promise<Created['createUpload']> {
  const bareUrl = `http://127.0.0.1:${port}/file`
  if (ask === undefined) return { uploadUrl: bareUrl, attachment: { url: bareUrl } }
  const input = { fileName: 'file', contentType, byteSize: content.length }
  return (await ask<Created>(CREATE, { input })).createUpload
}

async function upload(content: Buffer, contentType: string): Promise<number> {
  const { uploadUrl } = await create(content, contentType)
  await send(uploadUrl, 'PUT', content)
  return content.length
}

/** Returns the length of the answer. */
function send(url: string, method: string, body?: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-length': body.length }
    const request = openRequest(url, { method, headers }, (response) => {
      let length = 0
      response.on('data', (chunk: Buffer) => (length += chunk.length))
      response.once('error', reject)
      response.once('end', () => {
        if ((response.statusCode ?? 0) < 300) resolve(length)
        else reject(new Error(`status ${response.statusCode}`))
      })
    })
    request.once('error', reject)
    request.end(body)
  })
}
