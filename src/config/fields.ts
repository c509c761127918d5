import { isIP } from 'node:net'
import * as z from 'zod'
import { durationS } from '../lib/text.ts'

/** How a variable's text becomes a value. Each message says what would be accepted, in a sentence's second half. */

export function port(otherwise: number): z.ZodType<number, string | undefined> {
  return wholeNumber(0, 65_535, otherwise)
}

/** A whole number within bounds, both included. */
export function wholeNumber(
  min: number,
  max: number,
  otherwise: number,
): z.ZodType<number, string | undefined> {
  return z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return otherwise
      if (/^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text)
      context.addIssue(`must be a number from ${min} to ${max}`)
      return z.NEVER
    })
}

/** A port, or undefined for `off`. */
export function optionalPort(otherwise: number): z.ZodType<number | undefined, string | undefined> {
  return z.union([z.literal('off').transform(() => undefined), port(otherwise)], {
    error: 'must be a number from 0 to 65535, or off',
  })
}

/** How many times the usual; Infinity for `off`. */
export const limitFactor: z.ZodType<number, string | undefined> = z.union(
  [z.literal('off').transform(() => Infinity), wholeNumber(1, 1_000, 1)],
  { error: 'must be a number from 1 to 1000, or off' },
)

/** Ten years. */
const MAX_RETENTION_S = 3_650 * 86_400
const MIN_RETENTION_S = 3_600

/** A time in seconds. Below an hour a device that was out for lunch would have to begin anew. */
export const retention = z.string().transform((text, context) => {
  const seconds = durationS(text, MAX_RETENTION_S)
  if (seconds !== undefined && seconds >= MIN_RETENTION_S) return seconds
  context.addIssue('must be a time such as 90d or 36h, from 1h to 3650d')
  return z.NEVER
})

export const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text), {
    error: 'must be an address such as 127.0.0.1, 0.0.0.0 or ::, or a name of this machine',
  })

/** An address, or all that share its first bits: 10.0.0.0/8, 2001:db8::/32. */
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

/** `a,b` or `a, b`; what stands between the commas is for the next step to judge. */
export const list = z
  .string()
  .default('')
  .transform((text) => (text === '' ? [] : text.split(',').map((item) => item.trim())))

/** Exactly what a browser puts into the header `Origin`, so that comparing needs no understanding. */
export const origin = z.string().superRefine((text, context) => {
  const problem = originProblem(text)
  if (problem !== undefined) context.addIssue(problem)
})

function originProblem(text: string): string | undefined {
  if (text.includes('*')) return 'has a "*": name each origin in full, such as https://chat.example'
  if (/^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+$/.test(text) && !/^https?:/.test(text)) return undefined
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    const shown = text.includes('@') ? 'something' : `"${text}"`
    return `has ${shown}, which is no origin: each must look like https://chat.example or http://localhost:3000`
  }
  return url.origin === text ? undefined : `has "${text}": write ${url.origin}, without anything after it`
}

/** Keys that came by unprotected HTTP could be anybody's; on this machine nobody sits between. */
export const jwksUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    context.addIssue('must look like https://login.example/.well-known/jwks.json')
  } else if (url.username !== '' || url.password !== '') {
    context.addIssue('must not have a user name or password in it')
  } else if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    context.addIssue('must begin with https://; plain http:// is for this machine alone')
  }
})

/** Whether only programs of this machine can be at the other end. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|(.+\.)?localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(hostname)
}

/** One sentence for each mistake that a schema of variables found, the same one said once. */
export function fieldProblems(error: z.ZodError): readonly string[] {
  return [...new Set(error.issues.map(({ path, message }) => `${String(path[0])} ${message}.`))]
}
