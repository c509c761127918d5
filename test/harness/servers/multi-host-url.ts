/** Returns one URL with the hosts of all servers, for the same user and database. */
export function multiHostUrl(servers: readonly Readonly<{ url: string; port: number }>[]): string {
  const url = new URL(servers[0]?.url ?? '')
  const hosts = servers.map(({ port }) => `127.0.0.1:${port}`).join(',')
  return url.href.replace(url.host, hosts)
}
