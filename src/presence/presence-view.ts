import type { Presence, PresenceState } from '../events/presence-state.ts'

/**
 * How much a gateway knows about its users at present. `none`: nothing. `online-only`: who is online; all others are
 * unknown. `full`: everything.
 */
export type Confidence = 'none' | 'online-only' | 'full'

/** Reduces a state from the store to what is known. */
export function withConfidence<State extends PresenceState>(state: State, confidence: Confidence): State {
  if (confidence === 'full') return state
  if (confidence === 'none') return { ...state, online: null }
  return state.online === false ? { ...state, online: null, isInGracePeriod: true } : state
}

/** The last state of one user that one viewer was shown. Undefined before the first one. */
export type View = PresenceState | undefined

export type ViewInput =
  /** A state that the viewer may see, from an edge or from the store. */
  | Readonly<{ type: 'state'; state: PresenceState }>
  /** The viewer may not see the user any more, or the gateway does not know the state any more. */
  | Readonly<{ type: 'concealed' }>
  /** The store lost its data and counts `asOf` from the start again. */
  | Readonly<{ type: 'order-reset' }>

/**
 *     no view ── any state ──▶ online, offline or unknown
 *
 *     online ◀─────── newer state ───────▶ offline
 *       ▲                                     ▲
 *       └───────────── newer state ───────────┴──── unknown
 *
 *     online, offline ── concealed, or a newer state in a grace period ──▶ unknown
 *
 * An unsure store (`online: null` outside of a grace period) changes nothing once the viewer has seen a state: shortly
 * after it lost its data the store is unsure of all users. `lastSeenAt` never goes back. Returns the presence to show,
 * if the input changes it.
 */
export function transition(
  view: View,
  input: ViewInput,
): Readonly<{ view: View; show?: Presence | undefined }> {
  switch (input.type) {
    case 'state':
      return isChange(view, input.state) ? show(view, input.state) : { view }
    case 'concealed':
      return view === undefined || view.online === null ? { view } : show(view, { ...view, online: null })
    case 'order-reset':
      return { view: view && { ...view, asOf: -Infinity } }
  }
}

/** Whether a state would be shown. */
export function isChange(view: View, { online, isInGracePeriod = false, asOf }: PresenceState): boolean {
  if (view === undefined) return true
  return (online !== null || isInGracePeriod) && online !== view.online && asOf >= view.asOf
}

function show(view: View, state: PresenceState): Readonly<{ view: View; show: Presence }> {
  const { userId, online } = state
  const lastSeenAt = later(view?.lastSeenAt ?? null, state.lastSeenAt)
  return { view: { ...state, lastSeenAt }, show: { userId, online, lastSeenAt } }
}

/** The later of two times that may be unknown. */
export function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}
