import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** A statement as it was sent, and with which values. */
export type SentStatement = Readonly<{ name: string; text: string; values: readonly unknown[] }>

/** What is sent to any database by this process, as long as it is not disposed of. */
export type StatementRecorder = Disposable & Readonly<{ statements: readonly SentStatement[] }>

/** What reads or writes rows; the rest begins and ends transactions. */
const OF_ROWS = /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i

/**
 * Listens where all statements pass: ours, which are named, and those that Prisma writes. Statements given as a bare
 * text are a test's own and pass unheard.
 */
export function recordStatements(): StatementRecorder {
  const sent: SentStatement[] = []
  const { prototype } = pg.Client
  const original = Reflect.get(prototype, 'query') as (...args: unknown[]) => unknown
  function heard(this: pg.Client, ...args: unknown[]): unknown {
    const [statement] = args
    if (isStatement(statement) && OF_ROWS.test(statement.text)) {
      const { name = '', text, values = [] } = statement
      sent.push({ name, text, values })
    }
    return Reflect.apply(original, this, args)
  }
  Reflect.set(prototype, 'query', heard)
  return { statements: sent, [Symbol.dispose]: () => void Reflect.set(prototype, 'query', original) }
}

type Given = Readonly<{ name?: string; text: string; values?: readonly unknown[] }>

function isStatement(given: unknown): given is Given {
  return typeof given === 'object' && given !== null && 'text' in given && typeof given.text === 'string'
}

/** Each text once, with the values that it was sent with first. */
export function distinct(sent: readonly SentStatement[]): readonly SentStatement[] {
  return [...new Map(sent.toReversed().map((one) => [one.text, one])).values()].toReversed()
}

/** What a statement is called in a report: Prisma's by their text, of which names say nothing. */
export function titleOf({ name, text }: SentStatement): string {
  return name === '' || name.startsWith('prisma_') ? text.replaceAll(/\s+/g, ' ').slice(0, 120) : name
}

/** Parameters, by place, which a statement that is run again must have anew in order to do again what it did. */
const RENEWED: Readonly<Record<string, Readonly<{ place: number; renew: (value: unknown) => unknown }>>> = {
  // A key that was used is found, not stored.
  message_append: {
    place: 3,
    renew: (keys) => (Array.isArray(keys) ? keys.map(() => randomUUID()) : keys),
  },
  // A place in the log is taken but once.
  chat_log_write: { place: 1, renew: () => 1_000_000 },
}

/** The same again. */
export function withFreshKeys(sent: SentStatement): SentStatement {
  const parameter = RENEWED[sent.name]
  if (parameter === undefined) return sent
  const { place, renew } = parameter
  return { ...sent, values: sent.values.with(place, renew(sent.values[place])) }
}
