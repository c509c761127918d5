import type { ClientStorage, User } from '../api.ts'
import { readClaims } from '../connection/token.ts'
import { ParleyError, throwIfClosed } from '../errors.ts'
import { VIEWER } from '../graphql/documents.ts'
import { randomId } from '../lib/random-id.ts'
import { retried } from '../sync/retry.ts'
import type { ClientParts } from './parts.ts'

/**
 * Finds out who the user of the token is, and shows what storage holds of them. Asks the server only if the token does
 * not tell. Resolves to the prefix of the user's keys in storage, which ends with a slash.
 */
export async function identify(parts: ClientParts): Promise<string> {
  const { model, storage, tokens, signal } = parts
  const token = await retried(tokens.current, signal).catch((error: unknown) => {
    throwIfClosed(signal)
    throw new ParleyError('UNAUTHENTICATED', (error as ParleyError).message)
  })
  const { subject } = readClaims(token)
  if (subject === undefined) await refreshViewer(parts)
  else model.viewerId = `user_${subject}`
  const prefix = `${model.viewerId}/`
  const stored = await storage.get<User>(`${prefix}viewer`)
  if (stored !== undefined && model.viewer.getSnapshot() === undefined) model.noteUser(stored)
  return prefix
}

/** Asks the server for the user, and stores the answer. */
export async function refreshViewer({ model, storage, requestWithRetries }: ClientParts): Promise<void> {
  const { viewer } = await requestWithRetries<{ viewer: User }>(VIEWER)
  model.viewerId = viewer.id
  model.noteUser(viewer)
  await storage.write(new Map([[`${viewer.id}/viewer`, viewer]]))
}

/** Returns the id of this device. Creates it at the first start. */
export async function storedDeviceId(storage: ClientStorage, prefix: string): Promise<string> {
  const key = `${prefix}device`
  const known = await storage.get<string>(key)
  if (known !== undefined) return known
  const created = randomId()
  await storage.write(new Map([[key, created]]))
  // Of two tabs that start at the same time, the later write counts.
  return (await storage.get<string>(key)) ?? created
}
