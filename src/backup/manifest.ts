import * as z from 'zod'
import { BackupError } from './backup-error.ts'

/** Grows when a backup is written in a way that an older Parley would misread. */
export const FORMAT = 1

const tableSchema = z.object({
  name: z.string(),
  /** In the order in which the file has them. */
  columns: z.array(z.string()).readonly(),
  rows: z.int().nonnegative(),
  /** Of what the file holds, before it was compressed. */
  bytes: z.int().nonnegative(),
  /** Of the rows as the database has them, in whatever order: see digest.ts. */
  digest: z.string(),
  /** The name in the folder. */
  file: z.string().regex(/^[\w.-]+$/),
  fileBytes: z.int().nonnegative(),
  /** Of the file as it lies there. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  /** Of Parley. */
  parleyVersion: z.string(),
  /** Of PostgreSQL. */
  serverVersion: z.string(),
  /** By the database's clock. Everything that was committed before is in the backup. */
  takenAt: z.iso.datetime(),
  /** In the write-ahead log, for those who archive it: everything that is in the backup lies before it. */
  walPosition: z.string(),
  timeline: z.int().nonnegative(),
  /** In the order in which they were applied. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })).readonly(),
  /** In an order in which they can be filled: whatever a table refers to comes before it. */
  tables: z.array(tableSchema).readonly(),
  sequences: z.array(z.object({ name: z.string(), lastValue: z.string() })).readonly(),
  logs: z.object({
    chats: z.int().nonnegative(),
    events: z.int().nonnegative(),
    /** Those with a hole, or with an end that is not where the chat says it is: none, unless the database was damaged. */
    broken: z.int().nonnegative(),
  }),
})

/** What a backup is, in its file `manifest.json`. */
export type Manifest = z.infer<typeof manifestSchema>
/** A table in a backup. */
export type TableEntry = z.infer<typeof tableSchema>
/** The logs of all chats, taken together. */
export type LogCensus = Manifest['logs']

/** Understands what is in the file. Throws BackupError where it is no manifest, or one of a newer format. */
export function parseManifest(text: string, file: string): Manifest {
  const content = parseJson(text, file)
  const { format } = z.object({ format: z.int() }).catch({ format: 0 }).parse(content)
  if (format > FORMAT) {
    throw new BackupError(
      `${file} is in format ${format}, and this Parley reads format ${FORMAT}. Restore it with the version that made it, or ` +
        `a newer one.`,
    )
  }
  const parsed = manifestSchema.safeParse(content)
  if (parsed.success) return parsed.data
  throw notAManifest(file, z.prettifyError(parsed.error))
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw notAManifest(file, error instanceof Error ? error.message : String(error))
  }
}

function notAManifest(file: string, reason: string): BackupError {
  return new BackupError(`${file} does not describe a backup of Parley, or was damaged. (${reason})`)
}
