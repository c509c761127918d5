/** A place that a connection URL names; everything of it may be shown, unlike the URL itself. */
export type Host = Readonly<{ host: string; port: string | undefined }>

/** A `postgres://` URL taken apart. `single` is the same URL with one of its hosts alone. */
export type DatabaseUrl = Readonly<{
  hosts: readonly Host[]
  database: string
  single: (host: Host) => string
}>

const DATABASE_URL = /^(postgres(?:ql)?:\/\/)([^@/?#]*@)?([^@/?#]*)\/([^@/?#]*)(\?[^#]*)?$/i

/**
 * Reads `postgres://user:password@host:5432,other:5432/database?options`. `new URL` knows no list of hosts,
 * hence a pattern. Answers with what to mend otherwise, in words that quote nothing of the URL.
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
  if (!hosts.every((host) => host !== undefined)) return `has a host or port that can't be: ${SHAPE}`
  return { hosts, database: decodeURIComponent(database), single: (host) => join(host) }

  function join(host: Host): string {
    return `${scheme}${credentials}${hostText(host)}/${database}${options}`
  }
}

/** A server on this machine, reached through the folder that the URL's option `host` names. */
const SOCKET: Host = { host: '', port: undefined }

const SHAPE =
  'must look like postgres://user:password@host:5432/database, with "@", "/", "?", "#" and "%" in the password percent-encoded'
const ESCAPES = 'has a "%" that begins no percent-encoded character: write %25 for a "%"'

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

/** What is wrong with a `redis://` URL, in words that quote nothing of it; undefined where nothing is. */
export function redisUrlProblem(text: string): string | undefined {
  if (!/^rediss?:\/\//i.test(text)) return 'must begin with redis:// or rediss://'
  const url = URL.parse(text)
  if (url === null || url.hostname === '') return 'must look like redis://user:password@host:6379/0'
  if (!/^\/?\d*$/.test(url.pathname))
    return 'must end in the number of a database, or in nothing after the host'
  return undefined
}

/** One URL for each host of a database URL. node-postgres accepts only one host per URL. */
export function hostUrls(url: string): readonly string[] {
  const parsed = parseDatabaseUrl(url)
  return typeof parsed === 'string' || parsed.hosts.length < 2 ? [url] : parsed.hosts.map(parsed.single)
}
