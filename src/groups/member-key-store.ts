import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'

export type MemberKeyStore = Readonly<{
  /** Deletes up to `limit` keys that are older than `maxAgeS`. Returns how many. */
  deleteOld(maxAgeS: number, limit: number): Promise<number>
}>

// A range of the index on `at`, from its start. Two gateways take different rows. The rows are found again by their
// place in the table: a join would let the planner read the whole table.
const DELETE_OLD: Statement = {
  name: 'member_key_delete_old',
  text: `
    DELETE FROM member_change_keys WHERE ctid = ANY (ARRAY (
      SELECT ctid FROM member_change_keys
      WHERE at < clock_timestamp() - make_interval(secs => $1) ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
    )) RETURNING 1`,
}

export function createMemberKeyStore({ writer }: { writer: Pick<Writer, 'query'> }): MemberKeyStore {
  return {
    deleteOld: async (maxAgeS, limit) => (await writer.query(DELETE_OLD, [maxAgeS, limit])).length,
  }
}
