import { ParleyError } from '../errors.ts'

/** A target as `setPushTarget` takes it. */
export type WebPushTarget = Readonly<{ endpoint: string; p256dh: string; auth: string }>

/** Returns the subscription for a key of the server. One for an earlier key is replaced. */
export async function subscribe(
  { pushManager }: Pick<ServiceWorkerRegistration, 'pushManager'>,
  key: string,
): Promise<WebPushTarget> {
  const applicationServerKey = fromBase64Url(key)
  const known = await pushManager.getSubscription()
  const isFor = known?.options.applicationServerKey
  if (known !== null && isFor && isSame(new Uint8Array(isFor), applicationServerKey)) return targetOf(known)
  await known?.unsubscribe()
  try {
    return targetOf(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }))
  } catch (error) {
    const message = 'The browser cannot subscribe at its push service.'
    throw new ParleyError('PUSH_SERVICE_UNAVAILABLE', message, { cause: error })
  }
}

function targetOf(subscription: PushSubscription): WebPushTarget {
  const { endpoint, keys } = subscription.toJSON()
  return { endpoint: endpoint ?? '', p256dh: keys?.['p256dh'] ?? '', auth: keys?.['auth'] ?? '' }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(bytes, (char) => char.charCodeAt(0))
}
