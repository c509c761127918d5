import { randomBytes } from 'node:crypto'
import { createFollowerStore } from '../follower-store.ts'
import type { ChatId, Seq } from '../../ids.ts'
import type { Writer } from '../../store/sql/writer.ts'
import type { Post, Posted } from '../../lib/outgoing-post.ts'
import { deliverOnce } from './deliver.ts'
import { createWebhookStore } from './webhook-store.ts'
import { newWebhookSecret, type Webhook } from './webhook.ts'

export type WebhookInput = Pick<Webhook, 'url' | 'types' | 'hasContent' | 'allowsPrivate' | 'pendingAfterS'>

/** The webhooks, for operators. Methods that take an id return false if there is no such webhook. */
export type Webhooks = Readonly<{
  /** Creates a webhook. It receives all events that are committed from now on. */
  create(input: WebhookInput): Promise<Webhook>
  list(): Promise<readonly Webhook[]>
  remove(id: string): Promise<boolean>
  /** Pauses the webhook. Events remain due. */
  pause(id: string): Promise<boolean>
  /** Continues with the first event that was not delivered. */
  resume(id: string): Promise<boolean>
  /** Returns the new secret. The former one signs as well for a day. Undefined if there is no such webhook. */
  rotateSecret(id: string): Promise<string | undefined>
  /** Delivers the events of a chat after a seq again, and then continues. Skips nothing that is due. */
  replay(id: string, chatId: ChatId, afterSeq: Seq): Promise<'done' | 'no webhook' | 'no chat'>
  /** Posts a message of type `webhook.test`, once. Undefined if there is no such webhook. */
  test(id: string, post: Post): Promise<Posted | undefined>
}>

/** For how long both secrets sign after a rotation, in milliseconds. */
const BOTH_SECRETS_MS = 24 * 3_600_000

type Dependencies = Readonly<{ writer: Writer; now?: () => number }>

/** The command line creates it as well, so it makes its own stores. */
export function createWebhooks({ writer, now = Date.now }: Dependencies): Webhooks {
  const store = createWebhookStore({ writer, now })
  const followers = createFollowerStore({ writer })

  async function find(id: string): Promise<Webhook | undefined> {
    return (await store.list()).find((webhook) => webhook.id === id)
  }

  return {
    create: (input) => {
      const id = `wh_${randomBytes(8).toString('hex')}`
      return store.insert({ ...input, id, secret: newWebhookSecret() })
    },
    list: store.list,
    remove: store.remove,
    pause: (id) => store.setPaused(id, 'paused by the operator'),
    resume: (id) => store.setPaused(id, undefined),
    async rotateSecret(id) {
      const secret = newWebhookSecret()
      return (await store.rotate(id, secret, new Date(now() + BOTH_SECRETS_MS))) ? secret : undefined
    },
    async replay(id, chatId, afterSeq) {
      if ((await find(id)) === undefined) return 'no webhook'
      return (await followers.setBack({ chatId, followerId: id }, afterSeq)) ? 'done' : 'no chat'
    },
    async test(id, post) {
      const webhook = await find(id)
      if (webhook === undefined) return undefined
      const at = new Date(now())
      const message = { id: `test_${randomBytes(8).toString('hex')}`, type: 'webhook.test' as const, at }
      return deliverOnce(webhook, { ...message, data: { webhookId: id } }, post, at)
    },
  }
}
