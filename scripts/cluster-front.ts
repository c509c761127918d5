import { hasNginx, startNginx } from './cluster-nginx.ts'
import { startProxy } from './cluster-proxy.ts'

/** The load balancer that clients connect to. */
export type Front = Readonly<{ name: string; pid: number | undefined; stop(): Promise<void> }>

type Options = Readonly<{
  folder: string
  port: number
  gatewayPorts: readonly number[]
  /** Use the proxy even if nginx is installed. */
  withoutNginx: boolean
}>

/** Starts nginx, or a proxy in this process if nginx is not installed. */
export async function startFront({ folder, port, gatewayPorts, withoutNginx }: Options): Promise<Front> {
  if (!withoutNginx && hasNginx()) {
    return startNginx({ folder, port, gatewayPorts, isRoot: process.getuid?.() === 0 })
  }
  const { stop } = await startProxy(port, gatewayPorts)
  return { name: 'a small TCP proxy, as nginx is not installed', pid: undefined, stop }
}
