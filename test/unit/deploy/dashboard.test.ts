import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { dashboardMetrics, metricsIn, readDashboard } from './dashboard.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const SRC = join(ROOT, 'src')

/** Metrics without a panel, for queries of one's own. */
const NOT_SHOWN: readonly string[] = []

/** Returns the gateway's own metrics: those of the registry, and the gauges that rooms add. */
async function ownMetrics(): Promise<string[]> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const texts = await Promise.all(files.map((file) => readFile(join(SRC, file), 'utf8')))
  const gauges = texts
    .flatMap((text) => [...text.matchAll(/metrics\.gauge\(\s*'([a-z_]+)'/g)])
    .map(([, name]) => `parley_${name}`)
  return [...(await createMetrics().registry.getMetricsAsJSON()).map(({ name }) => name), ...gauges]
}

/** Returns the gateway's own metrics and those of every Node.js process. */
async function allMetrics(): Promise<ReadonlySet<string>> {
  const { registry, startDefaults } = createMetrics()
  startDefaults()
  return new Set([...(await registry.getMetricsAsJSON()).map(({ name }) => name), ...(await ownMetrics())])
}

test('the dashboard queries only existing metrics', async () => {
  const all = await allMetrics()
  expect([...(await dashboardMetrics())].filter((name) => !all.has(name))).toEqual([])
})

test('the recommended alerts use only existing metrics', async () => {
  const all = await allMetrics()
  const named = metricsIn(await readFile(join(ROOT, 'docs', 'scaling.md'), 'utf8'))
  expect(named).toContain('parley_redis_up')
  expect([...named].filter((name) => !all.has(name))).toEqual([])
})

test("the dashboard shows each of the gateway's own metrics", async () => {
  const shown = await dashboardMetrics()
  const unseen = (await ownMetrics()).filter((name) => !shown.has(name))
  expect(unseen).toEqual(NOT_SHOWN)
})

test('titles and ids of panels are unique', async () => {
  const { panels } = await readDashboard()
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
})
