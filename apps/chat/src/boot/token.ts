/**
 * The token is kept for this browser tab alone, until the user signs out. While they have notifications on, it is kept
 * for the browser: a click on a notification may open a new tab.
 */
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
  return (
    held ??
    inTab((storage) => storage.getItem(KEY)) ??
    inBrowser((storage) => storage.getItem(KEY)) ??
    undefined
  )
}

export function keepToken(token: string): void {
  held = token
  inTab((storage) => storage.setItem(KEY, token))
}

export function rememberToken(token: string): void {
  inBrowser((storage) => storage.setItem(KEY, token))
}

export function forgetToken(): void {
  held = undefined
  inTab((storage) => storage.removeItem(KEY))
  forgetRemembered()
}

/** Keeps the token for this tab alone again. */
export function forgetRemembered(): void {
  inBrowser((storage) => storage.removeItem(KEY))
}

function inTab<Result>(use: (storage: Storage) => Result): Result | undefined {
  return attempt(() => use(sessionStorage))
}

function inBrowser<Result>(use: (storage: Storage) => Result): Result | undefined {
  return attempt(() => use(localStorage))
}

/** The mere access throws where browsers block storage. */
function attempt<Result>(use: () => Result): Result | undefined {
  try {
    return use()
  } catch {
    return undefined
  }
}
