import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

/** Serves the metrics of this gateway to Prometheus. */
export type MetricsPage = Readonly<{
  /** Answers /metrics. Returns false for any other path. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
}>

export function createMetricsPage(registry: Pick<Registry, 'metrics' | 'contentType'>): MetricsPage {
  async function send(response: ServerResponse): Promise<void> {
    const text = await registry.metrics()
    response.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' }).end(text)
  }

  return {
    handle(request, response) {
      const isMetricsRequest = request.method === 'GET' && request.url?.split('?', 1)[0] === '/metrics'
      if (isMetricsRequest) send(response).catch(() => response.destroy())
      return isMetricsRequest
    },
  }
}
