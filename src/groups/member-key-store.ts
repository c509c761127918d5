import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'

export type MemberKeyStore = Readonly<{
  /** Deletes up to `limit` keys that are older than `maxAgeS`. Returns how many. */
  deleteOld(maxAgeS: number, limit: number): Promise<number>
}>

// A range of the index on `at`, from its start. Then each row by the primary key. Two gateways take different rows.
const DELETE_OLD: Statement = {
  name: 'member_key_delete_old',
  text: `
    WITH old AS MATERIALIZED (
      SELECT chat_id, key FROM member_change_keys
      WHERE at < clock_timestamp() - make_interval(secs => $1) ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM member_change_keys k USING old WHERE k.chat_id = old.chat_id AND k.key = old.key
    RETURNING 1`,
}

export function createMemberKeyStore({ writer }: { writer: Pick<Writer, 'query'> }): MemberKeyStore {
  return {
    deleteOld: async (maxAgeS, limit) => (await writer.query(DELETE_OLD, [maxAgeS, limit])).length,
  }
}
