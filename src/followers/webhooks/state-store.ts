import type { ChatId, Seq, UserId } from '../../ids.ts'
import type { Writer } from '../../store/sql/writer.ts'

/** The watermarks of a member. */
export type MemberState = Readonly<{
  chatId: ChatId
  userId: UserId
  deliveredSeq: Seq
  readSeq: Seq
  at: Date
}>

/** A user, as webhooks describe them. */
export type UserState = Readonly<{
  id: UserId
  name: string
  avatarUrl: string | null
  deactivatedAt: Date | null
  /** The product's own data. */
  data: unknown
}>

/** Reads the primary, so that the state has everything that was committed before a claim. */
export type StateStore = Readonly<{
  /** Returns undefined if there is no such member. */
  member(chatId: ChatId, userId: UserId): Promise<MemberState | undefined>
  /** Returns undefined if there is no such user. */
  user(id: UserId): Promise<UserState | undefined>
}>

export function createStateStore({ writer }: { writer: Pick<Writer, 'prisma'> }): StateStore {
  const { prisma } = writer
  return {
    async member(chatId, userId) {
      const member = await prisma.member.findUnique({
        where: { chatId_userId: { chatId, userId } },
        select: { deliveredSeq: true, readSeq: true, receiptAt: true },
      })
      if (member === null) return undefined
      const { receiptAt, ...watermarks } = member
      return { chatId, userId, ...watermarks, at: receiptAt ?? new Date(0) }
    },
    async user(id) {
      const select = { name: true, avatarUrl: true, deactivatedAt: true, data: true }
      const user = await prisma.user.findUnique({ where: { id }, select })
      return user === null ? undefined : { id, ...user }
    },
  }
}
