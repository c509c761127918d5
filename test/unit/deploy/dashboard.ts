import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'

const FILE = join(import.meta.dirname, '..', '..', '..', 'deploy', 'grafana-dashboard.json')

const DASHBOARD = z.object({
  uid: z.string(),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      description: z.string().min(1),
      targets: z.array(z.object({ expr: z.string() })).min(1),
    }),
  ),
})

export async function readDashboard(): Promise<z.infer<typeof DASHBOARD>> {
  return DASHBOARD.parse(JSON.parse(await readFile(FILE, 'utf8')))
}

/** Returns the metrics in the dashboard's queries. */
export async function dashboardMetrics(): Promise<ReadonlySet<string>> {
  const { panels } = await readDashboard()
  return metricsIn(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n'))
}

/** Returns the metrics that a text names, by their names in the registry. */
export function metricsIn(text: string): ReadonlySet<string> {
  const names = [...text.matchAll(/\bparley_[a-z0-9_]+/g)].map(([name]) => name)
  return new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))
}
