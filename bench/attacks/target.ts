export const ATTACK_NAMES = [
  'chained fragments, no token',
  'chained fragments over a WebSocket, no token',
  'new documents, no token',
  'new documents',
  '49 aliases of 100 long texts',
  'lists within lists',
  '20 × 100 nodes',
  'guessed users',
  'answers that are not read',
  'pipelined requests, no token',
  '10,000 sockets without a token',
  '1,500 sockets of a user',
] as const
export type AttackName = (typeof ATTACK_NAMES)[number]

/** The target of an attack. */
export type Target = Readonly<{
  attack: AttackName
  port: number
  /** The token of a user who is a member of `chatId`. */
  token: string
  /** A chat with a hundred of the longest messages. */
  chatId: string
}>

/** How often each answer came: an error code, a close code, or `ok`. */
export type Answers = Readonly<Record<string, number>>

/** The report of an attacker. */
export type Attacked = Readonly<{ answers: Answers; cpuMs: number }>

/**
 * An attacker uses another machine. Here it takes the time that gateway, database and honest users leave. On Linux this
 * is the priority of the calling thread alone.
 */
export const ATTACKER_PRIORITY = 10
