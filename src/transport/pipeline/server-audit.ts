import type { IncomingMessage } from 'node:http'
import { type ExecutionArgs, getOperationAST, Kind } from 'graphql'
import { toClientError } from '../../api/masking.ts'
import type { AuditLog } from '../../keys/audit-log.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ServerContext } from '../../server-api/context.ts'
import type { Caller } from './caller.ts'
import type { Execute } from './engine.ts'

type Dependencies = Readonly<{
  audit: Pick<AuditLog, 'record'>
  /** Returns the network address of a request. */
  addressOf(request: IncomingMessage): string
  logger: Logger
}>

/** Records each operation of the server API before it is answered. */
export function audited(run: Execute, { audit, addressOf, logger }: Dependencies): Execute {
  return async (args) => {
    const context = args.contextValue as ServerContext & Readonly<{ caller: Caller; req: IncomingMessage }>
    const at = new Date(context.clock.now())
    const result = await run(args)
    const [error] = result.errors ?? []
    await audit.record({
      at,
      keyId: context.key.id,
      fields: rootFieldsOf(args),
      actedAs: [...context.actedAs],
      address: addressOf(context.req),
      outcome: error === undefined ? 'OK' : String(toClientError(error, logger).extensions['code']),
      durationMs: Math.round(performance.now() - context.caller.receivedAt),
    })
    return result
  }
}

function rootFieldsOf({ document, operationName }: ExecutionArgs): readonly string[] {
  const selections = getOperationAST(document, operationName)?.selectionSet.selections ?? []
  // Clients choose aliases and fragment names, but not the names of fields.
  return selections.map((selection) =>
    selection.kind === Kind.FIELD ? selection.name.value : `... ${selection.kind}`,
  )
}
