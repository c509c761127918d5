import type { IncomingMessage } from 'node:http'
import type { DocumentNode, GraphQLError, Source } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { clientError, hintHttp } from '../../api/masking.ts'
import { ParleyError } from '../../errors.ts'
import { createTurnQueue } from '../../lib/turn-queue.ts'
import type { DocumentBudget } from '../../quotas/document-budget.ts'
import type { DocumentCache } from './document-cache.ts'

type Dependencies = Readonly<{
  budget: DocumentBudget
  cache: Pick<DocumentCache, 'has' | 'keep'>
  /** Returns the payer of a request over HTTP, whose user is not known before its document is valid. */
  payerOf(request: IncomingMessage): string
}>

/** WebSocket operations bring their payer, and requests over HTTP are the payer's. */
type PayerContext = { payer?: string; req?: IncomingMessage }

/**
 * Rejects documents that are not known to be valid while the payer's budget for parsing and validation is used up.
 * Valid ones are cached, and then free.
 */
export function useDocumentBudget({ budget, cache, payerOf }: Dependencies): Plugin<PayerContext> {
  const payerIn = ({ payer, req }: PayerContext): string => payer ?? (req === undefined ? '' : payerOf(req))
  const valid = new WeakSet<DocumentNode>()
  const queue = createTurnQueue()

  return {
    /** WebSockets have the intake for this. A payer without a budget does not wait: it is rejected at once. */
    async onParams({ params, context }) {
      // Yoga checks the shape of the parameters afterwards.
      const query = (params as Readonly<{ query?: unknown }> | null)?.query
      if (typeof query !== 'string' || cache.has(query) || budget.waitMs(payerIn(context)) > 0) return
      await queue.turn()
    },
    onParse({ context, params }) {
      const source = params.source as string | Source
      const text = typeof source === 'string' ? source : source.body
      if (cache.has(text)) return undefined
      const payer = payerIn(context)
      const waitMs = budget.waitMs(payer)
      if (waitMs > 0) throw budgetUsedUp(waitMs)
      const startedAt = performance.now()
      return () => budget.charge(payer, performance.now() - startedAt)
    },
    onValidate({ context, params, setResult }) {
      // The type in Envelop is any.
      const document = params.documentAST as DocumentNode
      if (valid.has(document)) return undefined
      const payer = payerIn(context)
      const waitMs = budget.waitMs(payer)
      if (waitMs > 0) {
        setResult([budgetUsedUp(waitMs)])
        return undefined
      }
      const startedAt = performance.now()
      return ({ valid: isValid }) => {
        budget.charge(payer, performance.now() - startedAt)
        if (!isValid) return
        valid.add(document)
        cache.keep(document)
      }
    },
  }
}

function budgetUsedUp(retryAfterMs: number): GraphQLError {
  const error = clientError(
    new ParleyError(
      'RATE_LIMITED',
      'Too many different documents. Send the same ones, with variables, or wait.',
      {
        retryAfterMs,
      },
    ),
  )
  hintHttp(error, { status: 429, headers: { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) } })
  return error
}
