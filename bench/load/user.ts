import type { NumberedText } from './numbered-frame.ts'

/** Receives the events of a user while a load runs. */
export type Listener = Readonly<{
  /** The inbox delivered the message with this number. */
  arrived(number: number): void
  /** The gateway answered the send with this number. */
  answered(number: number, isRefused: boolean): void
}>

export type ClientOptions = Readonly<{ url: string; secret: string; name: string }>

/** A user with one connection, who sends and receives messages of direct chats. */
export type User = Readonly<{
  name: string
  /** Resolves with the reason when the connection has ended. */
  closed: Promise<string>
  listen(listener: Listener): void
  /** Starts the inbox. Resolves when it is live. */
  startInbox(): Promise<void>
  /** Returns the id of the direct chat with the other user. */
  startDirectChat(other: User): Promise<string>
  /** Returns the bytes that send numbered messages to the chat. */
  sendFrame(chatId: string): NumberedText
  write(bytes: Buffer): void
  close(): void
}>
