import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from 's3rver'
import type { MediaLocation } from '../../../src/config/fields.ts'
import { freePort } from '../network/free-port.ts'

const BUCKET = 'parley-files'

/** A server with the API of S3, and a bucket in it. */
export type TestS3 = AsyncDisposable &
  Readonly<{
    location: Extract<MediaLocation, { type: 's3' }>
    /** The same as MEDIA_URL. */
    mediaUrl: string
    /** Stops the server. Its objects stay. */
    stop(): Promise<void>
    start(): Promise<void>
  }>

/** Starts a server on a free port of loopback. The keys of this process become those of the server. */
export async function startS3(): Promise<TestS3> {
  const resources = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'parley-s3-'))
  resources.defer(() => rm(directory, { recursive: true, force: true }))
  const port = await freePort()
  const configureBuckets = [{ name: BUCKET }]
  let server: S3rver | undefined
  const start = async (): Promise<void> => {
    server = new S3rver({ address: '127.0.0.1', port, directory, silent: true, configureBuckets })
    await server.run()
  }
  const stop = async (): Promise<void> => {
    await server?.close()
    server = undefined
  }
  await start()
  resources.defer(stop)
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' })
  const endpoint = `http://127.0.0.1:${port}`
  return {
    start,
    stop,
    mediaUrl: `s3://${BUCKET}?endpoint=${endpoint}`,
    location: {
      type: 's3',
      bucket: BUCKET,
      endpoint,
      publicEndpoint: undefined,
      region: 'us-east-1',
      isPathStyle: true,
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
