/** The token is kept for this browser tab alone, until the user signs out. */
const KEY = 'parley:token'

/** Kept here as well, because browsers may block storage. The token then ends with the page. */
let held: string | undefined

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
  return held ?? store((storage) => storage.getItem(KEY)) ?? undefined
}

export function keepToken(token: string): void {
  held = token
  store((storage) => storage.setItem(KEY, token))
}

export function forgetToken(): void {
  held = undefined
  store((storage) => storage.removeItem(KEY))
}

function store<Result>(use: (storage: Storage) => Result): Result | undefined {
  try {
    return use(sessionStorage)
  } catch {
    return undefined
  }
}
