/** A host of a connection URL. Unlike the URL, it holds no credentials and may be shown. */
export type Host = Readonly<{ host: string; port: string | undefined }>

/** A parsed `postgres://` URL. `single` returns the same URL with one of its hosts. */
export type DatabaseUrl = Readonly<{
  hosts: readonly Host[]
  database: string
  single: (host: Host) => string
}>

const DATABASE_URL = /^(postgres(?:ql)?:\/\/)([^@/?#]*@)?([^@/?#]*)\/([^@/?#]*)(\?[^#]*)?$/i

/**
 * Parses `postgres://user:password@host:5432,other:5432/database?options`. Uses a pattern, because `new URL` does not
 * accept a list of hosts. If the text is invalid, returns the problem in words that quote no part of it.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl | string {
  if (!/^postgres(ql)?:\/\//i.test(text)) return 'must begin with postgres:// or postgresql://'
  const [, scheme = '', credentials = '', authority = '', database = '', options = ''] =
    DATABASE_URL.exec(text) ?? []
  if (scheme === '') return SHAPE
  if (!isDecodable(credentials) || !isDecodable(database)) return ESCAPES
  if (database === '') return `names no database: ${SHAPE}`
  const isSocket = authority === '' && /[?&]host=/.test(options)
  const hosts = isSocket ? [SOCKET] : authority.split(',').map(parseHost)
  if (!hosts.every((host) => host !== undefined)) return `has an invalid host or port: ${SHAPE}`
  return { hosts, database: decodeURIComponent(database), single: (host) => join(host) }

  function join(host: Host): string {
    return `${scheme}${credentials}${hostText(host)}/${database}${options}`
  }
}

/** A Unix socket in the folder that the URL's option `host` names. */
const SOCKET: Host = { host: '', port: undefined }

const SHAPE =
  'must look like postgres://user:password@host:5432/database, with "@", "/", "?", "#" and "%" in the password percent-encoded'
const ESCAPES = 'has a "%" that does not begin a percent-encoded character: write %25 for a "%"'

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch (error) {
    if (error instanceof URIError) return false
    throw error
  }
}

function parseHost(text: string): Host | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._%-]+)(?::(\d{1,5}))?$/i.exec(text)
  const [, host, port] = match ?? []
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return undefined
  return { host, port }
}

export function hostText({ host, port }: Host): string {
  return port === undefined ? host : `${host}:${port}`
}

/** The Sentinel servers that know which Redis is the primary, and how to reach both. */
export type SentinelUrl = Readonly<{
  sentinels: readonly Host[]
  /** The name by which the sentinels know the primary. */
  name: string
  database: number
  isEncrypted: boolean
  /** The credentials of Redis, and those of the sentinels. Undefined: none. */
  username: string | undefined
  password: string | undefined
  sentinelUsername: string | undefined
  sentinelPassword: string | undefined
}>

const SENTINEL_URL =
  /^(sentinels?):\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]*)\/([^/?#]+)(?:\/(\d+))?(\?[^#]*)?$/i
const SENTINEL_SHAPE = 'must look like sentinel://host:26379,host:26379/name'

export function isSentinelUrl(text: string): boolean {
  return /^sentinels?:\/\//i.test(text)
}

/**
 * Parses `sentinel://user:password@host:26379,other:26379/name/0?sentinelPassword=…`. User and password are those of
 * Redis. If the text is invalid, returns the problem in words that quote no part of it.
 */
export function parseSentinelUrl(text: string): SentinelUrl | string {
  const match = SENTINEL_URL.exec(text)
  if (match === null) return SENTINEL_SHAPE
  const [, scheme = '', username = '', password = '', authority = '', name = '', database, options = ''] =
    match
  if (![username, password, name].every(isDecodable)) return ESCAPES
  const sentinels = authority.split(',').map(parseHost)
  if (!sentinels.every((host) => host !== undefined)) return `has an invalid host or port: ${SENTINEL_SHAPE}`
  const query = new URLSearchParams(options)
  const textOf = (value: string): string | undefined => (value === '' ? undefined : decodeURIComponent(value))
  return {
    sentinels,
    name: decodeURIComponent(name),
    database: Number(database ?? 0),
    isEncrypted: scheme.toLowerCase() === 'sentinels',
    username: textOf(username),
    password: textOf(password),
    sentinelUsername: query.get('sentinelUsername') ?? undefined,
    sentinelPassword: query.get('sentinelPassword') ?? undefined,
  }
}

/** Splits a list of Redis URLs. The URL of several sentinels is one URL. */
export function splitRedisUrls(text: string): readonly string[] {
  if (isSentinelUrl(text)) return [text]
  return text === '' ? [] : text.split(',').map((item) => item.trim())
}

/** The problem of a Redis URL, in words that quote no part of it. Undefined: none. */
export function redisUrlProblem(text: string): string | undefined {
  if (isSentinelUrl(text)) {
    const parsed = parseSentinelUrl(text)
    return typeof parsed === 'string' ? parsed : undefined
  }
  if (!/^rediss?:\/\//i.test(text)) return 'must begin with redis://, rediss:// or sentinel://'
  const url = URL.parse(text)
  if (url === null || url.hostname === '') return 'must look like redis://user:password@host:6379/0'
  if (!/^\/?\d*$/.test(url.pathname)) return 'must end with the host, or with the number of a database'
  return undefined
}

/** One URL for each host of a database URL. node-postgres accepts only one host per URL. */
export function hostUrls(url: string): readonly string[] {
  const parsed = parseDatabaseUrl(url)
  return typeof parsed === 'string' || parsed.hosts.length < 2 ? [url] : parsed.hosts.map(parsed.single)
}
