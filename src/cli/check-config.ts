import type { Config } from '../config/config.ts'
import { hostText, parseDatabaseUrl } from '../config/connection-url.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Secrets } from '../config/secrets.ts'
import type { RunVerb } from './verb.ts'

/** Prints what the environment amounts to. Throws ConfigError where it amounts to nothing. */
export const checkConfig: RunVerb = async (_, { env, print, isTerminal }) => {
  const { config, secrets, warnings } = loadConfig(env, { isTerminal })
  const rows = describeConfig(config, secrets, env['GATEWAY_ID'])
  for (const [name, value] of rows) print(`${name.padEnd(18)}${value}`)
  for (const warning of warnings) print(`! ${warning}`)
  return 0
}

/** Name and value of all that was decided, fit to be shown to anybody. */
export function describeConfig(
  config: Config,
  secrets: Secrets,
  gatewayId: string | undefined,
): readonly (readonly [string, string])[] {
  const { http, admin, log } = config
  const origins = [...http.allowedOrigins, ...(config.mode === 'development' ? ['any of this machine'] : [])]
  return [
    ['mode', config.mode],
    ['API', listener(http)],
    ['allowed origins', origins.join(', ') || 'none'],
    ['trusted proxies', http.trustedProxies.join(', ') || 'none'],
    ['health, metrics', admin === undefined ? 'not on a port of their own' : listener(admin)],
    ['gateway id', gatewayId ?? 'made up at each start'],
    ['database', describeDatabase(config, secrets)],
    ['replicas', secrets.replicaUrls.map(place).join(', ') || 'none'],
    ['bus', config.bus.type === 'redis' ? 'Redis: any number of instances' : 'in memory: one instance'],
    ['tokens', describeAuth(config, secrets)],
    [
      'log entries kept',
      config.logRetentionS === undefined ? 'for good' : `${config.logRetentionS / 3_600} h`,
    ],
    ['log', `${log.level}, ${log.pretty ? 'for people' : 'JSON'}`],
    ['data folder', config.dataDir],
    ['stops within', `${config.shutdownDeadlineMs / 1000} s`],
  ]
}

function listener({ host, port }: Readonly<{ host: string; port: number }>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port === 0 ? '(any free port)' : port}`
}

function describeDatabase({ dataDir }: Config, { databaseUrl }: Secrets): string {
  return databaseUrl === undefined ? `embedded PostgreSQL in ${dataDir}` : place(databaseUrl)
}

/** Where it is, without who signs in, how, and with which options. */
function place(databaseUrl: string): string {
  const url = parseDatabaseUrl(databaseUrl)
  return typeof url === 'string' ? 'set' : `${url.hosts.map(hostText).join(',')}/${url.database}`
}

function describeAuth({ auth }: Config, { authSecret }: Secrets): string {
  const issued = `${auth.issuer === undefined ? '' : `, from ${auth.issuer}`}${auth.audience === undefined ? '' : `, for ${auth.audience}`}`
  if (auth.type === 'jwks') return `signed by a key of ${auth.url}${issued}`
  return `signed with ${authSecret === undefined ? 'a key made up for development' : 'AUTH_SECRET'}${issued}`
}
