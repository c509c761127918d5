import { resetDevices as reset } from '../backup/reset-devices.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'
import type { RunVerb } from './verb.ts'

/** For a database that was set back to an earlier state by other means than `parley restore`. */
export const resetDevices: RunVerb = async (_, process) => {
  await stoppable(process, 'Devices are as they were.', async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    await reset(database.url, signal)
  })
  process.print('Every device begins anew when it comes back, by InboxReset.')
  return 0
}
