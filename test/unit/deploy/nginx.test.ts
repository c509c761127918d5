import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nginxConfigFor } from '../../../scripts/cluster-nginx.ts'

const DEPLOYED = join(import.meta.dirname, '..', '..', '..', 'deploy', 'nginx.conf')
const PLACE = { folder: '/data', port: 4000, gatewayPorts: [4001, 4002, 4003], isRoot: false }

test("the local load balancer has this machine's gateways, and uses only its folder and loopback", async () => {
  const config = nginxConfigFor(await readFile(DEPLOYED, 'utf8'), PLACE)
  expect(config.match(/server 127\.0\.0\.1:\d+/g)).toEqual(
    [4001, 4002, 4003].map((p) => `server 127.0.0.1:${p}`),
  )
  expect(config).toContain('listen 127.0.0.1:4000;')
  expect(config).toContain('pid /data/nginx/nginx.pid;')
  expect(config).not.toMatch(/\/tmp\/|gateway-\d|resolver|user root/)
})

test('workers stay root if nginx starts as root, because other users cannot access the folder', async () => {
  const config = nginxConfigFor(await readFile(DEPLOYED, 'utf8'), { ...PLACE, isRoot: true })
  expect(config).toContain('user root;')
})

test('rejects a deployed configuration that has no place for the addresses', () => {
  expect(() => nginxConfigFor('events {}', PLACE)).toThrow('deploy/nginx.conf has nothing like')
})
