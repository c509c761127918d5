import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import type * as Sdk from '@aws-sdk/client-s3'
import type { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { MediaLocation } from '../config/fields.ts'
import { retry } from '../lib/backoff.ts'
import { createIncomingFolder } from './incoming-folder.ts'
import { probeStorage } from './probe-storage.ts'
import { type Pace, pacedStream } from './pace.ts'
import type { MediaStorage, StoredObject } from './storage.ts'

type S3Location = Extract<MediaLocation, { type: 's3' }>

/** How long a browser may begin to fetch an object at an address of the storage, in seconds. */
const DIRECT_URL_S = 60

const MAX_ATTEMPTS = 3
const BACKOFF = { firstMs: 100, maxMs: 1_000 }

/** Errors reach the callers, so the SDK need not write to the console. */
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }

function ignore(): void {
  // Nothing to do.
}

/** A storage that does not answer must not hold an upload forever. In milliseconds. */
const TIMEOUTS = { connectionTimeout: 3_000, socketTimeout: 20_000 }

/**
 * Keeps objects in a bucket. Keys come from the environment, as every program with the AWS SDK takes them. The SDK
 * loads with the first request. An upload is one PUT of a known length, which is atomic. It is repeated here, because
 * the SDK cannot repeat a stream.
 */
export function createS3Storage(
  { bucket: Bucket, endpoint, publicEndpoint, region, isPathStyle }: S3Location,
  pace: Pace,
): MediaStorage {
  const incoming = createIncomingFolder(tmpdir())
  let connecting: Promise<Connection> | undefined

  function connect(): Promise<Connection> {
    return (connecting ??= openConnection())
  }

  async function openConnection(): Promise<Connection> {
    const [sdk, presigner] = await Promise.all([
      import('@aws-sdk/client-s3'),
      import('@aws-sdk/s3-request-presigner'),
    ])
    const open = (address: string | undefined): Sdk.S3Client =>
      new sdk.S3Client({
        region,
        forcePathStyle: isPathStyle,
        ...(address === undefined ? {} : { endpoint: address }),
        // Servers other than Amazon's reject the checksums that the SDK adds by default.
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        maxAttempts: MAX_ATTEMPTS,
        logger: SILENT,
        requestHandler: TIMEOUTS,
      })
    const client = open(endpoint)
    const forBrowsers = publicEndpoint === undefined ? client : open(publicEndpoint)
    return { sdk, sign: presigner.getSignedUrl, client, forBrowsers }
  }

  async function putOnce(name: string, file: string): Promise<void> {
    const { sdk, client } = await connect()
    const ContentLength = (await stat(file)).size
    const Body = pacedStream(createReadStream(file), pace)
    try {
      await client.send(new sdk.PutObjectCommand({ Bucket, Key: name, Body, ContentLength }))
    } finally {
      Body.destroy()
    }
  }

  async function* objectsBelow(Prefix: string): AsyncIterable<StoredObject> {
    const { sdk, client } = await connect()
    for await (const { Contents = [] } of sdk.paginateListObjectsV2({ client }, { Bucket, Prefix })) {
      for (const { Key: name, Size: byteSize = 0, LastModified: modifiedAt = new Date(0) } of Contents) {
        if (name !== undefined) yield { name, byteSize, modifiedAt }
      }
    }
  }

  const storage: MediaStorage = {
    incomingFolder: incoming.path,
    async put(name, file) {
      const mayRetry = (_: unknown, previousAttempts: number): boolean => previousAttempts + 1 < MAX_ATTEMPTS
      await retry(() => putOnce(name, file), mayRetry, BACKOFF)
      await rm(file, { force: true })
    },
    async sizeOf(Key) {
      const { sdk, client } = await connect()
      try {
        return (await client.send(new sdk.HeadObjectCommand({ Bucket, Key }))).ContentLength
      } catch (error) {
        if (error instanceof sdk.NotFound || error instanceof sdk.NoSuchKey) return undefined
        throw error
      }
    },
    async read(Key, range) {
      const { sdk, client } = await connect()
      const Range = range && `bytes=${range.first}-${range.last}`
      const { Body } = await client.send(
        new sdk.GetObjectCommand({ Bucket, Key, ...(Range === undefined ? {} : { Range }) }),
      )
      if (!(Body instanceof Readable)) throw new Error('The storage returned no bytes')
      return pacedStream(Body, pace)
    },
    async directUrl(Key, { contentType, disposition }) {
      const { sdk, sign, forBrowsers } = await connect()
      const command = new sdk.GetObjectCommand({
        Bucket,
        Key,
        ResponseContentType: contentType,
        ResponseContentDisposition: disposition,
      })
      return sign(forBrowsers, command, { expiresIn: DIRECT_URL_S })
    },
    async remove(folder) {
      const { sdk, client } = await connect()
      // One by one: the request that removes many needs a checksum, on which servers differ.
      for await (const { name } of objectsBelow(`${folder}/`)) {
        await client.send(new sdk.DeleteObjectCommand({ Bucket, Key: name }))
      }
    },
    list: (folder) => objectsBelow(folder === undefined ? '' : `${folder}/`),
    probe: () => probeStorage(storage),
    tidy: incoming.tidy,
    async close() {
      const connection = await connecting
      for (const client of new Set([connection?.client, connection?.forBrowsers])) client?.destroy()
      await incoming.remove()
    },
  }
  return storage
}

type Connection = Readonly<{
  sdk: typeof Sdk
  sign: typeof getSignedUrl
  client: Sdk.S3Client
  forBrowsers: Sdk.S3Client
}>
