import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import { columnList, type Table, tableWithColumns } from './catalogue.ts'
import type { TableEntry } from './manifest.ts'
import type { BackupConnection } from './connection.ts'

/** Called for each piece that was copied. */
export type OnPiece = (piece: Readonly<{ rows: number; bytes: number }>) => void

/** The file of a table. */
export type TableFile = Pick<TableEntry, 'file' | 'rows' | 'bytes'> & FileChecksum

/** Size and digest of a file. */
export type FileChecksum = Pick<TableEntry, 'fileBytes' | 'sha256'>

type Options = Readonly<{
  connection: BackupConnection
  folder: string
  signal: AbortSignal
  onPiece: OnPiece
}>

/** Ends a row in COPY's text format. Inside values it is written as \n. */
const LINE_FEED = 0x0a

/*
 * The pipelines apply back-pressure up to the database's socket, so a table of any size needs only some hundred
 * kilobytes of memory. Compression runs on a separate thread.
 */

/**
 * Copies a table into a file of the folder, in the transaction of the connection. Resolves when the file is on disk.
 */
export async function writeTableFile(table: Table, options: Options): Promise<TableFile> {
  const { connection, folder, signal, onPiece } = options
  const file = `${table.name}.copy.zst`
  const [counter, checksum] = [createCounter(onPiece), createChecksum()]
  const rows = `SELECT ${columnList(table.columns)} FROM ${pg.escapeIdentifier(table.name)}`
  await pipeline(
    connection.client.query(to(`COPY (${rows}) TO STDOUT`)),
    counter.count,
    createZstdCompress(),
    checksum.add,
    createWriteStream(path.join(folder, file), { flags: 'wx', mode: 0o600, flush: true }),
    { signal },
  )
  return { file, ...counter.total, ...checksum.result() }
}

/** Fills a table from its file. FREEZE is allowed because the table was truncated in this transaction. */
export async function readTableFile(entry: TableEntry, options: Options): Promise<void> {
  const { connection, folder, signal, onPiece } = options
  await pipeline(
    createReadStream(path.join(folder, entry.file)),
    createZstdDecompress(),
    createCounter(onPiece).count,
    connection.client.query(from(`COPY ${tableWithColumns(entry)} FROM STDIN WITH (FREEZE)`)),
    { signal },
  )
}

/** Reads a file and computes its size and SHA-256. */
export async function checksumOf(file: string, signal: AbortSignal): Promise<FileChecksum> {
  const checksum = createChecksum()
  await pipeline(createReadStream(file), checksum.add, async (pieces) => drain(pieces), { signal })
  return checksum.result()
}

async function drain(pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of pieces);
}

function createChecksum() {
  const hash = createHash('sha256')
  let fileBytes = 0

  async function* add(pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      hash.update(piece)
      fileBytes += piece.length
      yield piece
    }
  }

  return { add, result: (): FileChecksum => ({ fileBytes, sha256: hash.digest('hex') }) }
}

function createCounter(onPiece: OnPiece) {
  const total = { rows: 0, bytes: 0 }

  async function* count(pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      const rows = countRows(piece)
      total.rows += rows
      total.bytes += piece.length
      onPiece({ rows, bytes: piece.length })
      yield piece
    }
  }

  return { count, total }
}

function countRows(piece: Buffer): number {
  let rows = 0
  for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, at + 1)) rows += 1
  return rows
}
