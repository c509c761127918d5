import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { dashboardMetrics, metricsIn, readDashboard } from './dashboard.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const SRC = join(ROOT, 'src')

/** Metrics that are there for somebody's own queries, and would say nothing to most people. */
const NOT_SHOWN: readonly string[] = []

/** Of what an instance counts itself: from the registry, and the gauges that others add to it. */
async function ownMetrics(): Promise<string[]> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const texts = await Promise.all(files.map((file) => readFile(join(SRC, file), 'utf8')))
  const gauges = texts
    .flatMap((text) => [...text.matchAll(/metrics\.gauge\(\s*'([a-z_]+)'/g)])
    .map(([, name]) => `parley_${name}`)
  return [...(await createMetrics().registry.getMetricsAsJSON()).map(({ name }) => name), ...gauges]
}

/** Those and what every Node.js process counts. */
async function allMetrics(): Promise<ReadonlySet<string>> {
  const { registry, startDefaults } = createMetrics()
  startDefaults()
  return new Set([...(await registry.getMetricsAsJSON()).map(({ name }) => name), ...(await ownMetrics())])
}

test('the dashboard asks for nothing that no instance counts', async () => {
  const all = await allMetrics()
  expect([...(await dashboardMetrics())].filter((name) => !all.has(name))).toEqual([])
})

test('the alerts that are recommended are on metrics that an instance has', async () => {
  const all = await allMetrics()
  const named = metricsIn(await readFile(join(ROOT, 'docs', 'scaling.md'), 'utf8'))
  expect(named).toContain('parley_redis_up')
  expect([...named].filter((name) => !all.has(name))).toEqual([])
})

test('the dashboard shows everything that an instance counts of its own', async () => {
  const shown = await dashboardMetrics()
  const unseen = (await ownMetrics()).filter((name) => !shown.has(name))
  expect(unseen).toEqual(NOT_SHOWN)
})

test('no two panels of the dashboard have one title or one id', async () => {
  const { panels } = await readDashboard()
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
})
