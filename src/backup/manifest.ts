import * as z from 'zod'
import { BackupError } from './backup-error.ts'

/** Incremented if an older version would misread the backup. */
export const FORMAT = 1

const tableSchema = z.object({
  name: z.string(),
  /** In the order of the file. */
  columns: z.array(z.string()).readonly(),
  rows: z.int().nonnegative(),
  /** The uncompressed size. */
  bytes: z.int().nonnegative(),
  /** The digest of the rows in any order, see digest.ts. */
  digest: z.string(),
  /** The file name in the folder. */
  file: z.string().regex(/^[\w.-]+$/),
  fileBytes: z.int().nonnegative(),
  /** The digest of the compressed file. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  parleyVersion: z.string(),
  /** The version of PostgreSQL. */
  serverVersion: z.string(),
  /** By the database's clock. Everything that was committed before is in the backup. */
  takenAt: z.iso.datetime(),
  /** The position in the write-ahead log, for point-in-time recovery. Everything in the backup is before it. */
  walPosition: z.string(),
  timeline: z.int().nonnegative(),
  /** In the order of application. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })).readonly(),
  /** In an order in which they can be filled: referenced tables first. */
  tables: z.array(tableSchema).readonly(),
  sequences: z.array(z.object({ name: z.string(), lastValue: z.string() })).readonly(),
  logs: z.object({
    chats: z.int().nonnegative(),
    events: z.int().nonnegative(),
    /** Logs with a gap, or that do not end at the chat's head. 0, unless the database was damaged. */
    broken: z.int().nonnegative(),
  }),
})

/** The content of the file `manifest.json`. */
export type Manifest = z.infer<typeof manifestSchema>
/** A table in a backup. */
export type TableEntry = z.infer<typeof tableSchema>
/** Figures about the logs of all chats. */
export type LogCounts = Manifest['logs']

/** Parses a manifest. Throws BackupError if it is invalid or of a newer format. */
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
