import { resetDevices as reset } from '../../backup/reset-devices.ts'
import type { RunCommand } from '../process.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'

/** Makes every device start over, after the database was set back by other means than `parley restore`. */
export const resetDevices: RunCommand = async (process) => {
  await stoppable(process, 'No device was reset.', async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    await reset(database.url, signal)
  })
  process.print('Every device starts over with an InboxReset when it reconnects.')
  return 0
}
