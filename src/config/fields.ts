import { isIP } from 'node:net'
import * as z from 'zod'
import { durationS } from '../lib/text.ts'
import { parseDatabaseUrl, redisUrlProblem, splitRedisUrls } from './connection-url.ts'

/*
 * Parsers of single variables. An error message continues a sentence that begins with the variable's name, and says
 * which values are accepted.
 */

/** HS256 is as strong as its key, up to the 256 bits of its hash. */
export const MIN_SECRET_BYTES = 32

/** One of several words. `test` is accepted but not suggested. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  ...words: Words
): z.ZodEnum<{ [Word in Words[number]]: Word }> {
  const suggested = words.filter((word) => word !== 'test')
  const error = `must be ${suggested.length > 2 ? `one of ${suggested.join(', ')}` : suggested.join(' or ')}`
  return z.enum(words, { error })
}

export function port(fallback: number): z.ZodType<number, string | undefined> {
  return wholeNumber(0, 65_535, fallback)
}

/** A whole number from `min` to `max`. */
export function wholeNumber<Fallback extends number | undefined>(
  min: number,
  max: number,
  fallback: Fallback,
): z.ZodType<number | Fallback, string | undefined> {
  return z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return fallback
      if (/^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text)
      context.addIssue(`must be a number from ${min} to ${max}`)
      return z.NEVER
    })
}

/** A port, or undefined for `off`. */
export function optionalPort(
  fallback: number | undefined,
): z.ZodType<number | undefined, string | undefined> {
  return z.union([z.literal('off').transform(() => undefined), wholeNumber(0, 65_535, fallback)], {
    error: 'must be a number from 0 to 65535, or off',
  })
}

/** A factor for quotas. Infinity for `off`. */
export const limitFactor: z.ZodType<number, string | undefined> = z.union(
  [z.literal('off').transform(() => Infinity), wholeNumber(1, 1_000, 1)],
  { error: 'must be a number from 1 to 1000, or off' },
)

/** Ten years. */
const MAX_RETENTION_S = 3_650 * 86_400
const MIN_RETENTION_S = 3_600

/** A duration in seconds. Below an hour, a device that is offline for a short time could not catch up. */
export const retention = z.string().transform((text, context) => {
  const seconds = durationS(text, MAX_RETENTION_S)
  if (seconds !== undefined && seconds >= MIN_RETENTION_S) return seconds
  context.addIssue('must be a duration such as 36h or 90d, from 1h to 3650d')
  return z.NEVER
})

export const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text), {
    error: 'must be an address such as 127.0.0.1, 0.0.0.0 or ::, or a name of this machine',
  })

/** An address, or a range such as 10.0.0.0/8 or 2001:db8::/32. */
export const addressRange = z.string().superRefine((text, context) => {
  if (!isAddressRange(text)) {
    context.addIssue(
      `has "${text}": each must be an address, or a range of them such as 10.0.0.0/8 or fd00::/8`,
    )
  }
})

function isAddressRange(text: string): boolean {
  const [, address = '', prefix] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const family = isIP(address)
  return family !== 0 && Number(prefix ?? 0) <= (family === 4 ? 32 : 128)
}

export const gatewayId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, {
  error: 'must be 1 to 64 letters, digits, "-", "_" or "."',
})

/** Splits `a,b` or `a, b`. The items are checked by the schema that follows. */
export const list = z
  .string()
  .default('')
  .transform((text) => (text === '' ? [] : text.split(',').map((item) => item.trim())))

/** The name of an HTTP header, in lower case. The wildcard "*" is not one. */
export const headerName = z
  .string()
  .toLowerCase()
  .superRefine((text, context) => {
    if (!/^[a-z0-9_-]+$/.test(text)) {
      context.addIssue(`has "${text}": each must be the name of a header, such as x-tenant`)
    }
  })

/** Exactly what a browser sends in the header `Origin`, so that a comparison of texts suffices. */
export const origin = z.string().superRefine((text, context) => {
  const problem = originProblem(text)
  if (problem !== undefined) context.addIssue(problem)
})

function originProblem(text: string): string | undefined {
  if (text.includes('*')) return 'has a "*": name each origin in full, such as https://chat.example'
  if (/^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+$/.test(text) && !/^https?:/.test(text)) return undefined
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    const shown = text.includes('@') ? 'a value' : `"${text}"`
    return `has ${shown}, which is not an origin: each must look like https://chat.example or http://localhost:3000`
  }
  return url.origin === text ? undefined : `has "${text}": write ${url.origin}, without anything after it`
}

/** The address of a service of the product. */
export const httpUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    context.addIssue('must look like https://shop.example/hook or http://shop:8080/hook')
  } else if (url.username !== '' || url.password !== '') {
    context.addIssue('must not have a user name or password in it; requests are signed')
  }
})

/** A secret in the format of Standard Webhooks. */
export const webhookSecret = z.string().refine(
  (text) => {
    const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(text) ?? []
    const { length } = Buffer.from(base64, 'base64')
    return length >= 24 && length <= 64
  },
  {
    error:
      'must be whsec_ and 24 to 64 bytes in base64, as "echo whsec_$(openssl rand -base64 32)" prints them',
  },
)

/** A private key of VAPID: 32 bytes in base64url. */
export const vapidKey = z
  .string()
  .refine((text) => /^[A-Za-z0-9_-]{43}$/.test(text) && Buffer.from(text, 'base64url').length === 32, {
    error: 'must be 32 bytes in base64url, as "parley push keys" prints them',
  })

/** How push services reach the operator. */
export const vapidSubject = z.string().refine((text) => /^(mailto:.+@.+|https:\/\/.+)$/.test(text), {
  error: 'must be mailto: and an e-mail address, or an https:// URL',
})

/** An id of a key or a team at Apple. */
export const appleId = z.string().regex(/^[A-Z0-9]{10}$/, { error: 'must be 10 capital letters or digits' })

export const bundleId = z.string().regex(/^[A-Za-z0-9.-]{1,255}$/, {
  error: 'must be the bundle id of the app, such as com.example.chat',
})

/** Keys that are fetched by plain HTTP could be replaced on the way, except on this machine. */
export const jwksUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    context.addIssue('must look like https://login.example/.well-known/jwks.json')
  } else if (url.username !== '' || url.password !== '') {
    context.addIssue('must not have a user name or password in it')
  } else if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    context.addIssue('must begin with https://; http:// is allowed only for this machine')
  }
})

export const databaseUrl = z.string().superRefine((text, context) => {
  const url = parseDatabaseUrl(text)
  if (typeof url === 'string') context.addIssue(url)
})

const redisUrl = z.string().superRefine((text, context) => {
  const problem = redisUrlProblem(text)
  if (problem !== undefined) context.addIssue(problem)
})

export const redisUrls = z
  .string()
  .default('')
  .transform((text) => [...splitRedisUrls(text)])
  .pipe(z.array(redisUrl))

/** Where files are kept, and what the storage needs to be reached. */
export type MediaLocation = Readonly<
  | { type: 'file'; folder: string }
  | {
      type: 's3'
      bucket: string
      /** Undefined: Amazon's own. */
      endpoint: string | undefined
      /** The endpoint that browsers reach. Undefined: the same. */
      publicEndpoint: string | undefined
      region: string
      /** Whether the bucket is part of the path, and not of the host's name. */
      isPathStyle: boolean
    }
>

const MEDIA_URL_FORM = 'must be file:<folder>, s3://<bucket>?endpoint=https://…&region=…, or off'

/** `off` is null, so that it differs from a variable that is not set. Keys of S3 have variables of their own. */
export const mediaUrl = z.string().transform((text, context): MediaLocation | null => {
  if (text === 'off') return null
  const location = mediaLocation(text)
  if (location !== undefined) return location
  context.addIssue(MEDIA_URL_FORM)
  return z.NEVER
})

function mediaLocation(text: string): MediaLocation | undefined {
  const [, folder = ''] = /^file:(?:\/\/(?=\/))?(.+)$/.exec(text) ?? []
  if (folder !== '') return { type: 'file', folder }
  const url = URL.parse(text)
  if (url?.protocol !== 's3:' || url.username !== '' || url.password !== '') return undefined
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname) || !/^\/?$/.test(url.pathname))
    return undefined
  const [endpoint, publicEndpoint] = ['endpoint', 'publicEndpoint'].map(
    (name) => url.searchParams.get(name) ?? undefined,
  )
  if ([endpoint, publicEndpoint].some((address) => address !== undefined && !isHttp(address)))
    return undefined
  return {
    type: 's3',
    bucket: url.hostname,
    endpoint,
    publicEndpoint,
    region: url.searchParams.get('region') ?? 'us-east-1',
    isPathStyle: endpoint !== undefined,
  }
}

function isHttp(address: string): boolean {
  return /^https?:$/.test(URL.parse(address)?.protocol ?? '')
}

/** A media type, such as image/png, or all of a kind, such as image/*. */
export const mediaTypePattern = z
  .string()
  .toLowerCase()
  .superRefine((text, context) => {
    if (!/^[a-z0-9.+-]+\/([a-z0-9.+-]+|\*)$/.test(text)) {
      context.addIssue(
        `has "${text}": each must be a media type such as image/png, or all of a kind such as image/*`,
      )
    }
  })

/** The address of Parley as clients see it, without a path. */
export const publicUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.origin !== text) {
    context.addIssue('must look like https://chat.example, without anything after it')
  }
})

/** A number of bytes per day. Infinity for `off`. */
export const bytesPerDay: z.ZodType<number, string | undefined> = z.union(
  [z.literal('off').transform(() => Infinity), wholeNumber(1, 9_999_999_999, 2_147_483_648)],
  { error: 'must be a number of bytes from 1 to 9999999999, or off' },
)

/** The rate at which files may pass. Infinity for `off`. */
export const bytesPerSecond: z.ZodType<number, string | undefined> = z.union(
  [z.literal('off').transform(() => Infinity), wholeNumber(1_000_000, 9_999_999_999, 10_000_000)],
  { error: 'must be a number of bytes from 1000000 to 9999999999, or off' },
)

/** Whether the host is this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|(.+\.)?localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(hostname)
}

/** One sentence per distinct problem. */
export function fieldProblems(error: z.ZodError): readonly string[] {
  return [...new Set(error.issues.map(({ path, message }) => `${String(path[0])} ${message}.`))]
}
