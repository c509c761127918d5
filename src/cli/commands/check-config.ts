import type { Config } from '../../config/config.ts'
import { hostText, parseDatabaseUrl } from '../../config/connection-url.ts'
import { ConfigError } from '../../config/config-error.ts'
import { type LoadedConfig, loadConfig } from '../../config/load-config.ts'
import type { Secrets } from '../../config/secrets.ts'
import { describeVariable, VARIABLES } from '../../config/variables.ts'
import type { RunCommand } from '../process.ts'

/** Prints the configuration that the environment results in, or its mistakes and how the variables are documented. */
export const checkConfig: RunCommand = async ({ env, print, notice, isTerminal }) => {
  try {
    show(loadConfig(env, { isTerminal }))
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    notice([error.message, ...documentationOf(error.problems)].join('\n'))
    return 1
  }

  function show({ config, secrets, warnings }: LoadedConfig): void {
    const rows = describeConfig(config, secrets, env['GATEWAY_ID'])
    for (const [name, value] of rows) print(`${name.padEnd(18)}${value}`)
    for (const warning of warnings) print(`! ${warning}`)
  }
}

/** Returns the documentation of the variables that the problems name. */
function documentationOf(problems: readonly string[]): readonly string[] {
  const concerned = VARIABLES.filter(({ name }) =>
    problems.some((problem) => problem.split(' ').includes(name)),
  )
  const lines = concerned.map((variable) => `  ${variable.name}: ${describeVariable(variable)}`)
  return lines.length === 0 ? [] : ['', 'Documentation:', ...lines]
}

/** Returns names and values of all settings, without secrets. */
function describeConfig(
  config: Config,
  secrets: Secrets,
  gatewayId: string | undefined,
): readonly (readonly [string, string])[] {
  const { http, admin, log } = config
  const origins = [...http.allowedOrigins, ...(config.mode === 'development' ? ['any of this machine'] : [])]
  return [
    ['mode', config.mode],
    ['API', listener(http)],
    ['introspection', config.introspection ? 'on' : 'off'],
    ['documents', config.trustedDocuments ?? 'any'],
    ['allowed origins', origins.join(', ') || 'none'],
    ['allowed headers', ['the usual ones', ...http.allowedHeaders].join(', ')],
    ['trusted proxies', http.trustedProxies.join(', ') || 'none'],
    ['health, metrics', admin === undefined ? 'not on a port of their own' : listener(admin)],
    ['server API', config.serverApi === undefined ? 'off' : listener(config.serverApi)],
    ['message hook', config.hook === undefined ? 'none' : describeHook(config.hook)],
    ['push', describePush(config.push)],
    ['gateway id', gatewayId ?? 'generated at each start'],
    ['database', describeDatabase(config, secrets)],
    ['replicas', secrets.replicaUrls.map(location).join(', ') || 'none'],
    ['bus', config.bus.type === 'redis' ? 'Redis: any number of gateways' : 'in memory: one gateway'],
    ['tokens', describeAuth(config, secrets)],
    ['log events kept', config.logRetentionS === undefined ? 'forever' : `${config.logRetentionS / 3_600} h`],
    ['log', `${log.level}, ${log.pretty ? 'formatted for a terminal' : 'JSON'}`],
    ['data folder', config.dataDir],
    ['stops within', `${config.shutdownDeadlineMs / 1000} s`],
  ]
}

function listener({ host, port }: Readonly<{ host: string; port: number }>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port === 0 ? '(any free port)' : port}`
}

function describeHook({ url, acceptsUnchecked }: NonNullable<Config['hook']>): string {
  return `${url}; if it fails, messages are ${acceptsUnchecked ? 'accepted' : 'rejected'}`
}

function describePush(push: Config['push']): string {
  if (push === undefined) return 'off'
  const providers = [push.web && 'Web Push', push.apns && 'APNs', push.fcm && 'FCM'].filter(Boolean)
  return `${providers.join(', ')}; with ${push.hasContent ? 'the text of messages' : 'ids only'}`
}

function describeDatabase({ dataDir }: Config, { databaseUrl }: Secrets): string {
  return databaseUrl === undefined ? `embedded PostgreSQL in ${dataDir}` : location(databaseUrl)
}

/** Hosts and database of a URL, without user, password and options. */
function location(databaseUrl: string): string {
  const url = parseDatabaseUrl(databaseUrl)
  return typeof url === 'string' ? 'set' : `${url.hosts.map(hostText).join(',')}/${url.database}`
}

function describeAuth({ auth }: Config, { authSecret }: Secrets): string {
  const issuer = auth.issuer === undefined ? '' : `, from ${auth.issuer}`
  const audience = auth.audience === undefined ? '' : `, for ${auth.audience}`
  return `${signatures(auth, authSecret)}${issuer}${audience}`
}

function signatures(auth: Config['auth'], authSecret: string | undefined): string {
  if (auth.type === 'jwks') return `signed by a key of ${auth.url}`
  return `signed with ${authSecret === undefined ? 'a key generated for development' : 'AUTH_SECRET'}`
}
