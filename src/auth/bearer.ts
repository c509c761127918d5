/**
 * The token in an `authorization` value: "Bearer x", in whatever case, or the bare token. Undefined where there is
 * none. Another scheme's credentials come back as they are: they are no token, and are refused as a malformed one.
 */
export function bearer(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  const token = /^bearer +(\S.*)$/i.exec(text)?.[1] ?? text
  return token === '' ? undefined : token
}
