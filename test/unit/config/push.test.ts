import { expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/load-config.ts'
import { checkPushCredentials, newVapidPair } from '../../../src/followers/push/credentials.ts'
import { parley } from '../cli/terminal.ts'

const AUTH_SECRET = 'x'.repeat(32)

test('parley push keys prints lines that Parley accepts', async () => {
  const { code, printed, noticed } = await parley(['push', 'keys'])
  expect(code).toBe(0)
  const env = Object.fromEntries(printed.split('\n').map((line) => line.split('='))) as Record<string, string>
  const { config, secrets } = loadConfig({ AUTH_SECRET, ...env })
  expect(config.push?.web).toEqual({ subject: 'mailto:you@example.com', allowsPrivate: false })
  expect(() => checkPushCredentials(config, secrets)).not.toThrow()
  expect(noticed).toMatch(/The public key is [\w-]{87}\./)
  expect((await parley(['push', 'keys'])).printed).not.toBe(printed)
})

const { privateKey: PUSH_VAPID_KEY } = newVapidPair()

test.each<[problem: string, env: Record<string, string>]>([
  ['PUSH_VAPID_SUBJECT is not set, and PUSH_VAPID_KEY needs it', { PUSH_VAPID_KEY }],
  [
    'PUSH_VAPID_KEY is not set, and PUSH_VAPID_SUBJECT needs it',
    { PUSH_VAPID_SUBJECT: 'mailto:a@b.example' },
  ],
  ['PUSH_VAPID_SUBJECT must be mailto:', { PUSH_VAPID_KEY, PUSH_VAPID_SUBJECT: 'ops@b.example' }],
  ['PUSH_VAPID_KEY must be 32 bytes', { PUSH_VAPID_KEY: 'short', PUSH_VAPID_SUBJECT: 'mailto:a@b.example' }],
  ['PUSH_APNS_KEY_ID is not set', { PUSH_APNS_KEY_FILE: 'key.p8' }],
  ['PUSH_APNS_TEAM_ID is not set', { PUSH_APNS_KEY_FILE: 'key.p8' }],
  ['PUSH_APNS_TOPIC is not set', { PUSH_APNS_KEY_FILE: 'key.p8' }],
  ['PUSH_CONTENT must be ids or full', { PUSH_CONTENT: 'text' }],
])('%s', (problem, env) => {
  expect(() => loadConfig({ AUTH_SECRET, ...env })).toThrow(problem)
})

test('content without a provider, and private addresses in production, are warned about', () => {
  expect(loadConfig({ AUTH_SECRET, PUSH_CONTENT: 'full' }).warnings.join()).toContain('PUSH_CONTENT is set')
  const env = { AUTH_SECRET, PUSH_VAPID_KEY, PUSH_VAPID_SUBJECT: 'mailto:a@b.example' }
  const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://u:p@db:5432/parley' }
  const { warnings, config } = loadConfig({ ...env, ...production, PUSH_ALLOW_PRIVATE: 'on' })
  expect(warnings.join()).toContain('PUSH_ALLOW_PRIVATE is on')
  expect(config.push).toMatchObject({ hasContent: false, apns: undefined, fcm: undefined })
  expect(loadConfig({ ...env, PUSH_CONTENT: 'full' }).config.push?.hasContent).toBe(true)
})
