import { v7 } from 'uuid'
import type { UserId } from '../ids.ts'
import { shareStatement } from '../store/sql/shared-statement.ts'
import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'

/** One operation on the server API, as the audit log has it. */
export type ServerCall = Readonly<{
  at: Date
  keyId: string
  /** The root fields of the operation, such as `sendMessage`. */
  fields: readonly string[]
  /** The users in whose name it acted. */
  actedAs: readonly UserId[]
  /** The network address of the caller. */
  address: string
  /** OK, or the code of the first error. */
  outcome: string
  durationMs: number
}>

export type AuditStore = Readonly<{
  insert(call: ServerCall): Promise<void>
  /** Deletes up to `limit` calls that are older than `maxAgeS`. Returns how many. */
  deleteOld(maxAgeS: number, limit: number): Promise<number>
}>

// Inserts one row per call. The lists of a call travel as JSON, because an array of arrays must be rectangular.
const INSERT: Statement = {
  name: 'server_call_insert',
  text: `
    INSERT INTO server_calls (id, at, key_id, fields, acted_as, address, outcome, duration_ms)
    SELECT id, at, key_id, ARRAY(SELECT jsonb_array_elements_text(fields)),
      ARRAY(SELECT jsonb_array_elements_text(acted_as)), address, outcome, duration_ms
    FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::jsonb[], $5::jsonb[], $6::text[], $7::text[], $8::int[])
      AS c(id, at, key_id, fields, acted_as, address, outcome, duration_ms)`,
}

// A range of the index on `at`, from its start.
const DELETE_OLD: Statement = {
  name: 'server_call_delete_old',
  text: `
    DELETE FROM server_calls WHERE id IN (
      SELECT id FROM server_calls WHERE at < clock_timestamp() - make_interval(secs => $1) ORDER BY at LIMIT $2
    ) RETURNING 1`,
}

/** Calls that end at the same time share a statement. */
const SHARED = { maxBatch: 200, concurrency: 2 }

export function createAuditStore({ writer }: { writer: Pick<Writer, 'query'> }): AuditStore {
  return {
    insert: shareStatement<ServerCall, void>({
      ...SHARED,
      async run(calls) {
        await writer.query(INSERT, columnsOf(calls))
        return calls.map(() => undefined)
      },
    }),
    deleteOld: async (maxAgeS, limit) => (await writer.query(DELETE_OLD, [maxAgeS, limit])).length,
  }
}

function columnsOf(calls: readonly ServerCall[]): unknown[] {
  return [
    calls.map(() => v7()),
    calls.map(({ at }) => at),
    calls.map(({ keyId }) => keyId),
    calls.map(({ fields }) => JSON.stringify(fields)),
    calls.map(({ actedAs }) => JSON.stringify(actedAs)),
    calls.map(({ address }) => address),
    calls.map(({ outcome }) => outcome),
    calls.map(({ durationMs }) => durationMs),
  ]
}
