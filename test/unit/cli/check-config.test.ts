import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parley } from './terminal.ts'

test('shows the defaults in an empty environment', async () => {
  const { code, printed } = await parley(['check-config'])
  expect(code).toBe(0)
  expect(printed.split('\n')).toEqual([
    'mode              development',
    'API               127.0.0.1:4000',
    'introspection     on',
    'documents         any',
    'allowed origins   any of this machine',
    'allowed headers   the usual ones',
    'trusted proxies   none',
    'health, metrics   127.0.0.1:9464',
    'server API        off',
    'message hook      none',
    'push              off',
    'gateway id        generated at each start',
    `database          embedded PostgreSQL in ${resolve('.parley')}`,
    'replicas          none',
    'bus               in memory: one gateway',
    'tokens            signed with a key generated for development',
    'log events kept   forever',
    'log               info, JSON',
    `data folder       ${resolve('.parley')}`,
    'stops within      25 s',
  ])
})

test('shows what is set, and no secrets', async () => {
  const { code, printed } = await parley(['check-config'], {
    NODE_ENV: 'production',
    HOST: '::',
    PORT: '0',
    ADMIN_PORT: 'off',
    GATEWAY_ID: 'eu-1',
    DATABASE_URL: 'postgres://parley:hush@db.example:5432/chat?password=hush',
    DATABASE_REPLICA_URLS: 'postgres://parley:hush@replica.example/chat',
    REDIS_URL: 'redis://:hush@cache.example',
    AUTH_SECRET: 'hush'.repeat(8),
    AUTH_ISSUER: 'https://login.example',
    TRUSTED_PROXIES: '10.0.0.0/8',
    ALLOWED_ORIGINS: 'https://chat.example',
    ALLOWED_HEADERS: 'x-tenant',
  })
  expect(code).toBe(0)
  expect(printed).not.toContain('hush')
  for (const line of [
    'mode              production',
    'API               [::]:(any free port)',
    'allowed origins   https://chat.example',
    'allowed headers   the usual ones, x-tenant',
    'trusted proxies   10.0.0.0/8',
    'health, metrics   not on a port of their own',
    'gateway id        eu-1',
    'database          db.example:5432/chat',
    'replicas          replica.example/chat',
    'bus               Redis: any number of gateways',
    'tokens            signed with AUTH_SECRET, from https://login.example',
  ]) {
    expect(printed.split('\n')).toContain(line)
  }
})

test('shows whose tokens are accepted with an identity provider', async () => {
  const env = {
    AUTH_JWKS_URL: 'https://login.example/jwks',
    AUTH_ISSUER: 'https://login.example',
    AUTH_AUDIENCE: 'parley',
  }
  const { printed } = await parley(['check-config'], env)
  expect(printed).toContain(
    'tokens            signed by a key of https://login.example/jwks, from https://login.example, for parley',
  )
})
