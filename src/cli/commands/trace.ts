import { type PushTrace, type TracedDecision, tracePush } from '../../followers/push/push-trace.ts'
import { globalId, type MessageId } from '../../ids.ts'
import type { RunCommand } from '../process.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'
import { withDatabase } from './with-database.ts'

type Input = Readonly<{ id: MessageId; json: boolean }>

/** Prints for each device why it got a push about a message, or none. */
export const trace: RunCommand<Input> = async (process, { id, json }) => {
  const found = await stoppable(process, 'Nothing was changed.', async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    return await withDatabase(database.url, ({ writer }) => tracePush({ writer, now: new Date() }, id))
  })
  if (found === undefined) throw new Error(`There is no message ${globalId.message(id)}.`)
  if (json) process.print(JSON.stringify({ messageId: globalId.message(id), ...found }, null, 2))
  else for (const line of linesOf(found)) process.print(line)
  return 0
}

const HEADINGS = ['USER', 'DEVICE', 'PROVIDER', 'STATE', 'PUSH']

function linesOf({ sentAt, never, decisions }: PushTrace): readonly string[] {
  const rows = [HEADINGS, ...decisions.map(rowOf)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const why = never === undefined ? [] : [`It is pushed to no device: ${never}.`]
  return [`The message was sent at ${sentAt.toISOString()}.`, ...why, ...table]
}

function rowOf({ userId, deviceId, provider, reason, push }: TracedDecision): readonly string[] {
  return [userId, deviceId ?? '-', provider ?? '-', reason.toLowerCase().replaceAll('_', ' '), push]
}
