import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** A statement as it was sent, with its values. */
export type SentStatement = Readonly<{ name: string; text: string; values: readonly unknown[] }>

/** Records the statements that this process sends to any database, until it is disposed. */
export type StatementRecorder = Disposable & Readonly<{ statements: readonly SentStatement[] }>

/** Statements that read or write rows. The others start and end transactions. */
const ROW_STATEMENT = /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i

/**
 * Records all statements of Parley and Prisma by wrapping the client that both use. Statements given as plain text come
 * from the test itself and are not recorded.
 */
export function recordStatements(): StatementRecorder {
  const sent: SentStatement[] = []
  const { prototype } = pg.Client
  const original = Reflect.get(prototype, 'query') as (...args: unknown[]) => unknown
  function record(this: pg.Client, ...args: unknown[]): unknown {
    const [statement] = args
    if (isStatement(statement) && ROW_STATEMENT.test(statement.text)) {
      const { name = '', text, values = [] } = statement
      sent.push({ name, text, values })
    }
    return Reflect.apply(original, this, args)
  }
  Reflect.set(prototype, 'query', record)
  return { statements: sent, [Symbol.dispose]: () => void Reflect.set(prototype, 'query', original) }
}

type Given = Readonly<{ name?: string; text: string; values?: readonly unknown[] }>

function isStatement(given: unknown): given is Given {
  return typeof given === 'object' && given !== null && 'text' in given && typeof given.text === 'string'
}

/** Returns each statement once, with its first values. */
export function distinct(sent: readonly SentStatement[]): readonly SentStatement[] {
  return [...new Map(sent.toReversed().map((one) => [one.text, one])).values()].toReversed()
}

/** Returns the title of a statement in reports: its name, or its text if Prisma generated the name. */
export function titleOf({ name, text }: SentStatement): string {
  return name === '' || name.startsWith('prisma_') ? text.replaceAll(/\s+/g, ' ').slice(0, 120) : name
}

/** Parameters that need a fresh value, so that a repeated statement does the same work again. */
const FRESH_PARAMETERS: Readonly<
  Record<string, Readonly<{ index: number; refresh: (value: unknown) => unknown }>>
> = {
  // A used key is found and not stored again.
  message_append: {
    index: 3,
    refresh: (keys) => (Array.isArray(keys) ? keys.map(() => randomUUID()) : keys),
  },
  message_append_one: { index: 2, refresh: () => randomUUID() },
  message_append_reply: { index: 2, refresh: () => randomUUID() },
  // Each seq of a log exists once.
  chat_log_write: { index: 1, refresh: () => 1_000_000 },
}

/** Returns the statement with fresh values, to run it again. */
export function withFreshKeys(sent: SentStatement): SentStatement {
  const parameter = FRESH_PARAMETERS[sent.name]
  if (parameter === undefined) return sent
  const { index, refresh } = parameter
  return { ...sent, values: sent.values.with(index, refresh(sent.values[index])) }
}
