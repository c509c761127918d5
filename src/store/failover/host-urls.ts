import { parseDatabaseUrl } from '../../config/connection-url.ts'

/** One URL for each host that a database URL names; node-postgres knows one host in a URL and no more. */
export function hostUrls(url: string): readonly string[] {
  const parsed = parseDatabaseUrl(url)
  return typeof parsed === 'string' || parsed.hosts.length < 2 ? [url] : parsed.hosts.map(parsed.single)
}
