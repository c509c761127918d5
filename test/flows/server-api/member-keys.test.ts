import { expect, test } from 'vitest'
import { createTestDatabase, query } from '../../harness/servers/database.ts'
import { SERVER_API, startParley } from '../../harness/servers/parley.ts'

const OLD_KEYS = `
  INSERT INTO member_change_keys (chat_id, key, at)
  SELECT gen_random_uuid(), days || ' days', now() - make_interval(days => days) FROM unnest(ARRAY[1, 89, 91, 400]) AS days`

test('keys of updates of members are deleted after 90 days', async () => {
  await using database = await createTestDatabase()
  await query(database.url, OLD_KEYS)
  await using _ = await startParley({ databaseUrl: database.url, config: SERVER_API })
  const kept = () => query(database.url, 'SELECT key FROM member_change_keys ORDER BY at DESC')
  await expect.poll(kept).toEqual([{ key: '1 days' }, { key: '89 days' }])
})
