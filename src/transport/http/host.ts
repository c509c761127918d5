/**
 * Whether a Host header is a name or address with an optional port. Libraries build the URL of the request from it, and
 * throw if that fails. HTTP/1.0 has no such header; Node rejects later requests without one.
 */
export function isValidHost(host: string | undefined): boolean {
  if (host === undefined) return true
  return /^[^\s/?#@\\]+$/.test(host) && URL.canParse(`http://${host}/`)
}
