import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import { columnList, type Table, tableWithColumns } from './catalogue.ts'
import type { TableEntry } from './manifest.ts'
import type { Session } from './session.ts'

/** Called for each piece that went through. */
export type OnPiece = (piece: Readonly<{ rows: number; bytes: number }>) => void

/** What a table has become in the folder. */
export type TableFile = Pick<TableEntry, 'file' | 'rows' | 'bytes'> & Seal

/** By which a file is known again. */
export type Seal = Pick<TableEntry, 'fileBytes' | 'sha256'>

type Where = Readonly<{ session: Session; folder: string; signal: AbortSignal; onPiece: OnPiece }>

/** In COPY's text format a line feed ends a row, and is in no value: there it is written as \n. */
const LINE_FEED = 0x0a

/*
 * Each stage of a pipeline takes the next piece when the one after it wants one, back to the socket of the database: so
 * a table of any size goes through some hundred kilobytes of memory. Compression runs on a thread of its own.
 */

/** Copies what the session's transaction sees of a table into a file of the folder; on the disk when it resolves. */
export async function writeTableFile(table: Table, where: Where): Promise<TableFile> {
  const { session, folder, signal, onPiece } = where
  const file = `${table.name}.copy.zst`
  const [tally, seal] = [createTally(onPiece), createSeal()]
  const rows = `SELECT ${columnList(table.columns)} FROM ${pg.escapeIdentifier(table.name)}`
  await pipeline(
    session.client.query(to(`COPY (${rows}) TO STDOUT`)),
    tally.count,
    createZstdCompress(),
    seal.add,
    createWriteStream(path.join(folder, file), { flags: 'wx', mode: 0o600, flush: true }),
    { signal },
  )
  return { file, ...tally.total, ...seal.result() }
}

/** Fills a table from its file. FREEZE: it was emptied in this transaction, so its rows are written as old at once. */
export async function readTableFile(entry: TableEntry, where: Where): Promise<void> {
  const { session, folder, signal, onPiece } = where
  await pipeline(
    createReadStream(path.join(folder, entry.file)),
    createZstdDecompress(),
    createTally(onPiece).count,
    session.client.query(from(`COPY ${tableWithColumns(entry)} FROM STDIN WITH (FREEZE)`)),
    { signal },
  )
}

/** What a file's size and SHA-256 are as it lies there. */
export async function sealOf(file: string, signal: AbortSignal): Promise<Seal> {
  const seal = createSeal()
  await pipeline(createReadStream(file), seal.add, async (pieces) => drain(pieces), { signal })
  return seal.result()
}

async function drain(pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of pieces);
}

function createSeal() {
  const hash = createHash('sha256')
  let fileBytes = 0

  async function* add(pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      hash.update(piece)
      fileBytes += piece.length
      yield piece
    }
  }

  return { add, result: (): Seal => ({ fileBytes, sha256: hash.digest('hex') }) }
}

function createTally(onPiece: OnPiece) {
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
