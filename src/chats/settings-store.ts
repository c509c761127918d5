import type { ChatId } from '../ids.ts'
import type { Transaction } from '../store/sql/writer.ts'
import type { Chat } from '../events/chat.ts'

export type ChatSettings = Pick<Chat, 'title' | 'messageTtlSeconds'>

export type SettingsStore = Readonly<{
  /** Writes the settings. The transaction must hold the chat's row locked. */
  write(tx: Transaction, chatId: ChatId, settings: ChatSettings): Promise<void>
}>

export function createSettingsStore(): SettingsStore {
  return {
    async write(tx, id, { title, messageTtlSeconds }) {
      await tx.prisma.chat.update({ where: { id }, data: { title, messageTtlSeconds } })
    },
  }
}
