/** One variable of the environment that Parley reads. */
type Variable = Readonly<{
  name: string
  /** For people: what it does, and what a value looks like. */
  meaning: string
  /** For people: what holds where it is not set. */
  default: string
  /** Its value never appears in anything that Parley prints. */
  isSecret: boolean
}>

/** All of them: what `parley --help` prints, and what docs/configuration.md lists. */
export const VARIABLES = [
  {
    name: 'PORT',
    meaning: 'port of the API; 0: any free one',
    default: '4000',
    isSecret: false,
  },
  {
    name: 'HOST',
    meaning: 'address that the API listens on',
    default: '127.0.0.1; in production 0.0.0.0',
    isSecret: false,
  },
  {
    name: 'ADMIN_PORT',
    meaning: 'port of health and metrics; 0: any free one; off: none',
    default: '9464',
    isSecret: false,
  },
  {
    name: 'ADMIN_HOST',
    meaning: 'address that health and metrics listen on; whoever reaches it reads them',
    default: '127.0.0.1',
    isSecret: false,
  },
  {
    name: 'TRUSTED_PROXIES',
    meaning: 'load balancers whose X-Forwarded-For is believed: addresses, 10.0.0.0/8, comma-separated',
    default: 'none: a client is who connects',
    isSecret: false,
  },
  {
    name: 'GATEWAY_ID',
    meaning: 'name of this instance, no two alike; 1 to 64 letters, digits, "-", "_", "."',
    default: 'made up at each start',
    isSecret: false,
  },
  {
    name: 'DATABASE_URL',
    meaning:
      'the primary: postgres://user:password@host:5432/database; several hosts, host1:5432,host2:5432: whichever of them takes writes',
    default: 'an embedded PostgreSQL; required in production',
    isSecret: true,
  },
  {
    name: 'DATABASE_REPLICA_URLS',
    meaning: 'replicas to read from, comma-separated URLs',
    default: 'none',
    isSecret: true,
  },
  {
    name: 'REPLICATION_POLICY',
    meaning:
      'while commits would not survive the loss of the primary: available: go on; strict: sends answer UNAVAILABLE',
    default: 'available',
    isSecret: false,
  },
  {
    name: 'REDIS_URL',
    meaning: 'redis:// or rediss://; several, comma-separated: a cluster',
    default: 'none: one instance',
    isSecret: true,
  },
  {
    name: 'AUTH_SECRET',
    meaning: 'key of HS256 tokens, 32 bytes or more; either this or AUTH_JWKS_URL',
    default: 'a random one kept in DATA_DIR; in production one of the two is required',
    isSecret: true,
  },
  {
    name: 'AUTH_JWKS_URL',
    meaning: "an identity provider's public keys, https://…",
    default: 'none',
    isSecret: false,
  },
  {
    name: 'AUTH_ISSUER',
    meaning: '"iss" that a token must have; required with AUTH_JWKS_URL',
    default: 'not looked at',
    isSecret: false,
  },
  {
    name: 'AUTH_AUDIENCE',
    meaning: '"aud" that a token must have; required with AUTH_JWKS_URL',
    default: 'not looked at',
    isSecret: false,
  },
  {
    name: 'ALLOWED_ORIGINS',
    meaning: "web pages' origins that may use the API from a browser, comma-separated",
    default: 'none; in development those of this machine',
    isSecret: false,
  },
  {
    name: 'NODE_ENV',
    meaning: 'production: no demo tokens, errors masked, nothing made up; else development',
    default: 'development',
    isSecret: false,
  },
  {
    name: 'MAX_GROUP_MEMBERS',
    meaning: 'the most members of a group, 2 to 1024',
    default: '1024',
    isSecret: false,
  },
  {
    name: 'LOG_RETENTION',
    meaning:
      'how far back devices can catch up: older log entries are deleted, messages are not; such as 90d, from 1h to 3650d',
    default: 'for good',
    isSecret: false,
  },
  {
    name: 'SERVICE_LEVELS',
    meaning: 'auto: by load and by "parley service-level"; manual: by the latter alone',
    default: 'auto',
    isSecret: false,
  },
  {
    name: 'RATE_LIMIT_FACTOR',
    meaning: 'makes what one person may do this many times as much, 1 to 1000; off: no limits',
    default: '1',
    isSecret: false,
  },
  {
    name: 'LOG_LEVEL',
    meaning: 'fatal, error, warn, info, debug, trace or silent',
    default: 'info',
    isSecret: false,
  },
  {
    name: 'DATA_DIR',
    meaning: 'folder of the embedded PostgreSQL and of the key made up in development',
    default: '.parley',
    isSecret: false,
  },
] as const satisfies readonly Variable[]

export type VariableName = (typeof VARIABLES)[number]['name']
