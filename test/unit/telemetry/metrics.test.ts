import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

test('every metric has a help text and Parley’s prefix', async () => {
  const { registry, gauge } = createMetrics()
  gauge('connections', 'Open WebSocket connections.', () => 3)
  const metrics = await registry.getMetricsAsJSON()
  for (const { name, help } of metrics) {
    expect(name).toMatch(/^parley_[a-z][a-z_]*$/)
    expect(help, name).toMatch(/^[A-Z].{9,}\.$/)
  }
  expect(metrics.length).toBeGreaterThan(10)
})

test('the names of counters end in _total, and those of durations in _seconds', async () => {
  const metrics = await createMetrics().registry.getMetricsAsJSON()
  for (const { name, type } of metrics) {
    expect(name.endsWith('_total'), name).toBe(`${type}` === 'counter')
  }
  expect(metrics.map(({ name }) => name)).toContain('parley_commit_seconds')
})

test('a gauge is read when metrics are collected, so that it is current', async () => {
  const { registry, gauge } = createMetrics()
  let depth = 1
  gauge('lane_depth', 'Messages that wait to be stored.', () => depth)
  expect(await registry.metrics()).toContain('parley_lane_depth 1')
  depth = 7
  expect(await registry.metrics()).toContain('parley_lane_depth 7')
})

test('a counter adds up its increments, with and without a label, over several reads', async () => {
  const { registry, sends, expired } = createMetrics()
  sends.inc({ outcome: 'sent' })
  sends.inc({ outcome: 'sent' }, 2)
  sends.inc({ outcome: 'duplicate' })
  expired.inc(5)
  expect(await registry.metrics()).toContain('parley_sends_total{outcome="sent"} 3')
  sends.inc({ outcome: 'sent' })
  expired.inc()
  const text = await registry.metrics()
  expect(text).toContain('parley_sends_total{outcome="sent"} 4')
  expect(text).toContain('parley_sends_total{outcome="duplicate"} 1')
  expect(text).toContain('parley_expired_messages_total 6')
})

test('two gateways in one process have separate metrics', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.sends.inc({ outcome: 'stored' })
  expect(await one.registry.metrics()).toContain('parley_sends_total{outcome="stored"} 1')
  expect(await other.registry.metrics()).not.toContain('parley_sends_total{')
})

test('a gauge has the given help text', async () => {
  const src = join(import.meta.dirname, '..', '..', '..', 'src')
  const files = (await readdir(src, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const texts = await Promise.all(files.map((file) => readFile(join(src, file), 'utf8')))
  const calls = texts.flatMap((text) => text.match(/metrics\.gauge\(/g) ?? [])
  const withHelp = texts.flatMap(
    (text) => text.match(/metrics\.gauge\(\s*'[a-z_]+',\s*(['"])[A-Z].+?\.\1/g) ?? [],
  )
  expect(withHelp.length).toBe(calls.length)
})
