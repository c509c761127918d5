import { addFollower, enableMarks, removeFollower } from '../registry-store.ts'
import { streamsOf } from './streams.ts'
import type { Writer } from '../../store/sql/writer.ts'
import type { Webhook, WebhookType } from './webhook.ts'

export type NewWebhook = Pick<
  Webhook,
  'id' | 'url' | 'types' | 'hasContent' | 'allowsPrivate' | 'pendingAfterS'
> &
  Readonly<{ secret: string }>

export type WebhookStore = Readonly<{
  /** Creates the webhook. All events that are committed from now on are due to it. */
  insert(webhook: NewWebhook): Promise<Webhook>
  /** Returns all webhooks in the order of their creation. */
  list(): Promise<readonly Webhook[]>
  /** Deletes the webhook with its positions. Returns whether there was one. */
  remove(id: string): Promise<boolean>
  /** Returns whether there is one. `reason` undefined: resumes. */
  setPaused(id: string, reason: string | undefined): Promise<boolean>
  setFailing(id: string, since: Date | null): Promise<void>
  /** Makes `secret` the present one; the former one signs as well until `until`. Returns whether there is a webhook. */
  rotate(id: string, secret: string, until: Date): Promise<boolean>
  /** Makes changes leave marks if there is a webhook for them. */
  enableMarks(): Promise<void>
}>

type Row = Omit<Webhook, 'types' | 'secrets'> &
  Readonly<{ types: string[]; secret: string; formerSecret: string | null; formerUntil: Date | null }>

export function createWebhookStore({
  writer,
  now,
}: Readonly<{ writer: Pick<Writer, 'prisma' | 'transaction'>; now(): number }>): WebhookStore {
  const { prisma } = writer
  const toWebhook = ({ types, secret, formerSecret, formerUntil, ...row }: Row): Webhook => ({
    ...row,
    types: types as WebhookType[],
    secrets:
      formerSecret !== null && (formerUntil?.getTime() ?? 0) > now() ? [secret, formerSecret] : [secret],
  })

  return {
    insert: (webhook) =>
      writer.transaction(async (tx) => {
        for (const { id, source } of streamsOf(webhook)) await addFollower(tx, id, source)
        return toWebhook(await tx.prisma.webhook.create({ data: { ...webhook, types: [...webhook.types] } }))
      }),
    list: async () => (await prisma.webhook.findMany({ orderBy: { createdAt: 'asc' } })).map(toWebhook),
    remove: (id) =>
      writer.transaction(async (tx) => {
        const webhook = await tx.prisma.webhook.findUnique({ where: { id } })
        if (webhook === null) return false
        await tx.prisma.webhook.delete({ where: { id } })
        for (const stream of streamsOf(toWebhook(webhook))) await removeFollower(tx, stream.id)
        return true
      }),
    async setPaused(id, reason) {
      const state =
        reason === undefined
          ? { pausedAt: null, pauseReason: null, failingSince: null }
          : { pausedAt: new Date(now()), pauseReason: reason }
      return (await prisma.webhook.updateMany({ where: { id }, data: state })).count > 0
    },
    async setFailing(id, failingSince) {
      await prisma.webhook.updateMany({ where: { id }, data: { failingSince } })
    },
    rotate: (id, secret, until) =>
      writer.transaction(async (tx) => {
        const present = await tx.prisma.webhook.findUnique({ where: { id }, select: { secret: true } })
        if (present === null) return false
        const data = { secret, formerSecret: present.secret, formerUntil: until }
        await tx.prisma.webhook.update({ where: { id }, data })
        return true
      }),
    enableMarks: () => writer.transaction(enableMarks),
  }
}
