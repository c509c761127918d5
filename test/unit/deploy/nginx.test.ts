import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nginxConfigFor } from '../../../scripts/cluster-nginx.ts'

const DEPLOYED = join(import.meta.dirname, '..', '..', '..', 'deploy', 'nginx.conf')
const PLACE = { folder: '/data', port: 4000, gatewayPorts: [4001, 4002, 4003], isRoot: false }

test("the local load balancer gets this machine's gateways and keeps to its folder and to loopback", async () => {
  const config = nginxConfigFor(await readFile(DEPLOYED, 'utf8'), PLACE)
  expect(config.match(/server 127\.0\.0\.1:\d+/g)).toEqual(
    [4001, 4002, 4003].map((p) => `server 127.0.0.1:${p}`),
  )
  expect(config).toContain('listen 127.0.0.1:4000;')
  expect(config).toContain('pid /data/nginx/nginx.pid;')
  expect(config).not.toMatch(/\/tmp\/|gateway-\d|resolver|user root/)
})

test('started as root, its workers stay root: nobody else has a way into the folder', async () => {
  const config = nginxConfigFor(await readFile(DEPLOYED, 'utf8'), { ...PLACE, isRoot: true })
  expect(config).toContain('user root;')
})

test('a deployed configuration that has no place for the addresses is refused', () => {
  expect(() => nginxConfigFor('events {}', PLACE)).toThrow('deploy/nginx.conf has nothing like')
})
