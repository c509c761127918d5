/**
 * Whether this device gets notifications:
 *
 * - `unknown`: the server has not been asked yet
 * - `unavailable`: the browser has no push, or the server has it off
 * - `blocked`: the user, or their browser, does not allow notifications. Only the settings of the browser change that
 * - `off`: they can be turned on
 * - `on`
 */
export type PushState = 'unknown' | 'unavailable' | 'blocked' | 'off' | 'on'

export type PushFacts = Readonly<{
  /** The key of the server. Null if it has Web Push off, undefined until it has answered. */
  key: string | null | undefined
  permission: NotificationPermission
  /** Whether the user has turned notifications on in this browser. */
  isWanted: boolean
}>

/*
 *   key:         undefined ──▶ unknown        null ──▶ unavailable
 *   permission:  denied ─────▶ blocked
 *   otherwise:   granted, and wanted ──▶ on      else ──▶ off
 */
export function stateOf({ key, permission, isWanted }: PushFacts): PushState {
  if (key === undefined) return 'unknown'
  if (key === null) return 'unavailable'
  if (permission === 'denied') return 'blocked'
  return isWanted && permission === 'granted' ? 'on' : 'off'
}
