/** The token is kept for this browser tab alone, until the user signs out. */
const KEY = 'parley:token'

/**
 * Returns the token of this tab. One in the fragment (`#token=…`) counts first. It is removed from the address at once,
 * because addresses end up in histories and screenshots. The query is never read, because servers log it.
 */
export function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given !== null) {
    history.replaceState(history.state, '', location.pathname + location.search)
    if (given !== '') keepToken(given)
  }
  return sessionStorage.getItem(KEY) ?? undefined
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token)
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY)
}
