import { expect, test } from 'vitest'
import { checkPush } from '../../../src/cli/doctor/check-push.ts'
import { findingLines } from '../../../src/cli/doctor/finding.ts'
import type { PushConfig } from '../../../src/config/config.ts'
import { newVapidPair } from '../../../src/followers/push/credentials.ts'
import { createTls } from '../../harness/network/tls.ts'
import { startApnsServer } from '../../harness/push/apns-server.ts'
import { startFcmServer } from '../../harness/push/fcm-server.ts'

async function found(push: PushConfig | undefined, vapidKey?: string): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const finding of checkPush({ push }, { vapidKey })) lines.push(findingLines(finding))
  return lines
}

test('parley doctor asks the providers whether they accept the keys', async () => {
  await using tls = await createTls()
  await using apns = await startApnsServer(tls)
  await using fcm = await startFcmServer(tls)
  const { publicKey, privateKey } = newVapidPair()
  const web = { subject: 'mailto:ops@chat.example', allowsPrivate: false }
  const push = { web, apns: apns.config, fcm: fcm.config, hasContent: false }
  apns.answerWith(() => ({ status: 400, body: '{"reason":"BadDeviceToken"}' }))
  expect(await found(push, privateKey)).toEqual([
    `✓ Web Push is on, with the public key ${publicKey}`,
    '✓ APNs accepts the key (PUSH_APNS_*)',
    '✓ Google accepts the service account of parley-tests',
  ])
  const other = { ...push, apns: { ...apns.config, teamId: 'OTHERTEAM1' } }
  expect((await found(other, privateKey))[1]).toMatch(
    /^✗ APNs does not accept the key: 403 InvalidProviderToken/,
  )
})

test('parley doctor names files without keys, and settings for tests', async () => {
  const web = { subject: 'mailto:you@example.com', allowsPrivate: true }
  const apns = { keyFile: 'package.json', keyId: 'A', teamId: 'B', topic: 'c', url: undefined }
  const fcm = { accountFile: '/nonexistent', url: undefined }
  const lines = await found({ web, apns, fcm, hasContent: false }, newVapidPair().privateKey)
  expect(lines.slice(1).map((line) => line.split('\n')[0])).toEqual([
    '! PUSH_VAPID_SUBJECT is an example',
    '! users can make Parley send requests into private networks (PUSH_ALLOW_PRIVATE)',
    '✗ push',
    '✗ push',
  ])
  expect(lines[3]).toContain('PUSH_APNS_KEY_FILE names package.json, which has no ES256 key')
  expect(lines[4]).toContain('PUSH_FCM_ACCOUNT_FILE cannot be read')
  expect(await found(undefined)).toHaveLength(1)
})
