import type { Attachment, ParleyClient, Store } from '../api.ts'
import { engineOf } from '../engine/engine.ts'
import type { Engine } from '../engine/engine.ts'
import { createCoalescer } from '../lib/coalescer.ts'
import { getOrCreate } from '../lib/get-or-create.ts'
import { MAX_TIMER_MS } from '../lib/backoff.ts'
import { ValueStore } from '../lib/value-store.ts'
import { ATTACHMENT_URLS } from './upload-documents.ts'

/** An attachment whose addresses stay valid. */
export type AttachmentStore = Store<Attachment> &
  Readonly<{
    /** Asks for new addresses. Call it if one of them fails. At most once a minute. */
    renew(): void
  }>

/** Addresses are renewed so long before they expire, in milliseconds. */
const RENEW_BEFORE_MS = 300_000
const RENEW_AGAIN_MS = 60_000

const BY_CLIENT = new WeakMap<Engine, (attachment: Attachment) => AttachmentStore>()

/**
 * Returns an attachment of a message as a store. While it has listeners, its addresses are renewed before they expire.
 * Attachments of one screen share a request. The same attachment returns the same store.
 */
export function attachmentStore(client: ParleyClient, attachment: Attachment): AttachmentStore {
  const engine = engineOf(client)
  const known = BY_CLIENT.get(engine)
  const open = known ?? createStores(engine)
  if (known === undefined) BY_CLIENT.set(engine, open)
  return open(attachment)
}

type Entry = Readonly<{ store: ValueStore<Attachment>; shown: AttachmentStore; schedule(): void }>

function createStores({ requestWithRetries, signal, onError }: Engine) {
  const entries = new Map<string, Entry>()
  const wanted = createCoalescer<true>({ collectMs: 20, maxBatch: 100, run, signal, onError })

  async function run(batch: readonly (readonly [string, true])[]): Promise<void> {
    type Data = Readonly<{ nodes: readonly (Attachment | null)[] }>
    const ids = batch.map(([id]) => id)
    const { nodes } = await requestWithRetries<Data>(ATTACHMENT_URLS, { ids })
    // Null: the attachment is deleted.
    for (const node of nodes) if (node?.urlExpiresAt !== undefined) take(node)
  }

  /** Two answers may come in either order. The later expiry is the newer. */
  function take(attachment: Attachment): void {
    const entry = entries.get(attachment.id)
    if (entry === undefined || attachment.urlExpiresAt < entry.store.getSnapshot().urlExpiresAt) return
    entry.store.set(attachment)
    entry.schedule()
  }

  function create(attachment: Attachment): Entry {
    const { id } = attachment
    let timer: ReturnType<typeof setTimeout> | undefined
    let isWatched = false
    let notBefore = 0
    const store = new ValueStore<Attachment>(attachment, (watched) => {
      isWatched = watched
      schedule()
    })

    function renew(): void {
      if (Date.now() < notBefore || !id.startsWith('attachment_')) return
      notBefore = Date.now() + RENEW_AGAIN_MS
      wanted.set(id, true)
    }

    function schedule(): void {
      clearTimeout(timer)
      if (!isWatched || signal.aborted) return
      const waitMs = Date.parse(store.getSnapshot().urlExpiresAt) - RENEW_BEFORE_MS - Date.now()
      if (waitMs <= 0) renew()
      else timer = setTimeout(schedule, Math.min(waitMs, MAX_TIMER_MS))
    }

    const { getSnapshot, subscribe } = store
    return { store, shown: { getSnapshot, subscribe, renew }, schedule }
  }

  return (attachment: Attachment): AttachmentStore => {
    const known = entries.get(attachment.id)
    // Later, because a listener must not be called while a component is rendered.
    if (known !== undefined) queueMicrotask(() => take(attachment))
    return (known ?? getOrCreate(entries, attachment.id, () => create(attachment))).shown
  }
}
