import type { ParleyClient, Store } from '../api.ts'
import { type Engine, engineOf } from '../engine/engine.ts'
import { ParleyError } from '../errors.ts'
import { ValueStore } from '../lib/value-store.ts'
import { inBackground } from '../session/context.ts'
import { until } from '../session/until.ts'
import { followMuting } from './mute-chat.ts'
import { REGISTERED, type Registered, type WorkerMessage } from './push-data.ts'
import { PUSH_KEY, SET_TARGET } from './push-documents.ts'
import { type PushFacts, type PushState, stateOf } from './push-state.ts'
import { closeNotifications, closeReadNotifications } from './shown.ts'
import { subscribe, type WebPushTarget } from './subscription.ts'

/** Notifications of one client in this browser. */
export type Push = Store<PushState> &
  Readonly<{
    /**
     * Asks the user for permission if it is needed, so call it from a click. Resolves once notifications are on, or the
     * user has refused. Rejects with a `ParleyError`: `PUSH_SERVICE_UNAVAILABLE` if the browser cannot subscribe.
     */
    turnOn(): Promise<void>
    /** Ends notifications of this browser. Call it before the user is signed out. Never rejects. */
    turnOff(): Promise<void>
  }>

export type PushOptions = Readonly<{
  /** Opens a chat whose notification was clicked. The window has the focus by then. */
  openChat(chatId: string): void
  /** Whether the page shows this chat. Then there is no notification of it while the page is visible. */
  isShown?(chatId: string): boolean
}>

/**
 * Connects a client to the service worker that shows its notifications. Once they are on, the server is told the target
 * of this device at each start, so that neither a new subscription nor a restored database ends them. It is told again
 * after a connection with another token: a target ends when its token is revoked.
 *
 * The order of turning them on makes each failure harmless: permission, subscription, the server, and then the mark in
 * storage. Without that mark the next start shows them as off. Turning them off removes the mark first. A subscription
 * that the server does not hear of is then gone at the push service, whose answer makes the server forget it.
 */
export function registerPush(
  client: ParleyClient,
  registration: ServiceWorkerRegistration,
  { openChat, isShown = () => false }: PushOptions,
): Push {
  const engine = engineOf(client)
  const { model, storage, request, signal } = engine
  let facts: PushFacts = { key: undefined, permission: permission(), isWanted: false }
  const state = new ValueStore<PushState>(stateOf(facts))

  function learn(changes: Partial<PushFacts>): void {
    facts = { ...facts, permission: permission(), ...changes }
    state.set(stateOf(facts))
  }

  /** The token that the target was set with. */
  let token: string | undefined

  async function setTarget(webPush: WebPushTarget | null): Promise<void> {
    const { deviceId } = await engine.whenOpen()
    const present = await engine.tokens.current()
    const target = webPush && { webPush }
    await request(SET_TARGET, { input: { deviceId, target } })
    token = present
  }

  /** Subscribes, and tells the server. */
  async function renew(): Promise<void> {
    if (facts.key) await setTarget(await subscribe(registration, facts.key))
  }

  async function open(): Promise<void> {
    // The server knows this device once its inbox is open.
    await until(engine, ({ type }) => type === 'live')
    if (signal.aborted) return
    const key = 'pushManager' in registration ? await serverKey(engine) : null
    const registered = await storage.get<Registered>(REGISTERED)
    learn({ key, isWanted: registered?.viewerId === model.viewerId })
    if (state.getSnapshot() === 'on') await renew()
  }

  async function followToken(): Promise<void> {
    const isOver = engine.connection.getSnapshot().type !== 'live' || state.getSnapshot() !== 'on'
    if (isOver || engine.isFollowing.getSnapshot() || token === undefined) return
    if ((await engine.tokens.current()) !== token) await renew()
  }

  function onMessage({ data, ports }: MessageEvent<WorkerMessage>): void {
    if (data.type === 'parley:open-chat') openChat(data.chatId)
    else if (data.type === 'parley:is-shown')
      ports[0]?.postMessage(document.visibilityState === 'visible' && isShown(data.chatId))
    // oxlint-disable-next-line typescript/no-unnecessary-condition -- the worker has messages of the app, too.
    else if (data.type === 'parley:push-changed' && state.getSnapshot() === 'on')
      inBackground(engine, renew())
  }

  navigator.serviceWorker.addEventListener('message', onMessage as EventListener, { signal })
  watchPermission(() => learn({}), signal).catch(() => undefined)
  followMuting(engine)
  closeReadNotifications(client, registration, signal)
  const dispose = engine.connection.subscribe(() => inBackground(engine, followToken()))
  signal.addEventListener('abort', dispose)
  inBackground(engine, open())

  return {
    getSnapshot: state.getSnapshot,
    subscribe: state.subscribe,
    async turnOn() {
      await Notification.requestPermission()
      learn({})
      if (facts.permission !== 'granted') return
      await renew()
      await storage.write(new Map([[REGISTERED, { viewerId: model.viewerId } satisfies Registered]]))
      learn({ isWanted: true })
    },
    async turnOff() {
      if (!facts.isWanted) return
      learn({ isWanted: false })
      await storage.write(new Map([[REGISTERED, undefined]])).catch(() => undefined)
      const subscription = await registration.pushManager.getSubscription().catch(() => null)
      await Promise.allSettled([
        subscription?.unsubscribe(),
        setTarget(null),
        closeNotifications(registration, () => true),
      ])
    },
  }
}

/** The user may change the permission in the settings of the browser. Not all browsers tell. */
async function watchPermission(onChange: () => void, signal: AbortSignal): Promise<void> {
  const status = await navigator.permissions.query({ name: 'notifications' })
  status.addEventListener('change', onChange, { signal })
}

/** Asked for each time, because a page can live through a change. */
function permission(): NotificationPermission {
  return typeof Notification === 'undefined' ? 'denied' : Notification.permission
}

/** Null also for a server that does not know push yet. */
async function serverKey({ requestWithRetries }: Engine): Promise<string | null> {
  type Data = { serverInfo: { push: { webPushKey: string | null } } }
  try {
    return (await requestWithRetries<Data>(PUSH_KEY)).serverInfo.push.webPushKey
  } catch (error) {
    if (error instanceof ParleyError && error.code === 'CLOSED') throw error
    return null
  }
}
