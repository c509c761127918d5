import type { Writer } from '../store/sql/writer.ts'
import { createUploadStore, type UploadStore } from './upload-store.ts'

/** The rows of uploads, for an operator's commands. */
export type UploadRecords = Pick<UploadStore, 'stored' | 'known' | 'find'>

export function createUploadRecords(database: Readonly<{ writer: Writer }>): UploadRecords {
  return createUploadStore(database)
}
