/**
 * Returns the token in an `authorization` value: "Bearer x" in any case, or the bare token. Returns undefined if
 * there is none. Returns credentials of other schemes unchanged; the verifier rejects them as a malformed token.
 */
export function bearer(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  const token = /^bearer +(\S.*)$/i.exec(text)?.[1] ?? text
  return token === '' ? undefined : token
}
