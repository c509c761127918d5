import type { IncomingMessage } from 'node:http'
import type { DocumentNode, GraphQLError, Source } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { clientError, hintHttp } from '../../api/masking.ts'
import { ParleyError } from '../../errors.ts'
import { createTurnQueue } from '../../lib/turn-queue.ts'
import type { UserId } from '../../ids.ts'
import type { DocumentBudget } from '../../quotas/document-budget.ts'
import type { RefusalBudget } from '../../quotas/refusal-budget.ts'
import { nameOf } from './payer.ts'
import type { DocumentCache } from './document-cache.ts'

type Dependencies = Readonly<{
  budget: DocumentBudget
  cache: Pick<DocumentCache, 'has' | 'keep'>
  /** Undefined for trusted clients. */
  refusals?: Pick<RefusalBudget, 'charge'> | undefined
  /** Returns the payer of a request over HTTP, whose user is not known before its document is valid. */
  payerOf(request: IncomingMessage): string
  /** Verifies the token of a request over HTTP. Resolves with undefined if it has no valid one. */
  userOf(request: IncomingMessage): Promise<UserId | undefined>
}>

/** WebSocket operations bring their payer, and requests over HTTP are the payer's. */
type PayerContext = { payer?: string; req?: IncomingMessage }

/** The time that a request over HTTP takes besides its document, in milliseconds. */
const REQUEST_MS = 1

/**
 * Rejects documents that are not known to be valid while the payer's budget for parsing and validation is used up.
 * Valid ones are cached, and then free.
 *
 * Over HTTP, documents are charged to the address first. Verifying a token for each of them would cost more than most
 * documents. Once the budget of an address is used up, its users pay for themselves, so that an attacker behind the
 * same address does not affect them.
 */
export function useDocumentBudget(dependencies: Dependencies): Plugin<PayerContext> {
  const { budget, cache, refusals, payerOf, userOf } = dependencies
  const users = new WeakMap<IncomingMessage, string>()
  const payerIn = ({ payer, req }: PayerContext): string =>
    payer ?? (req === undefined ? '' : (users.get(req) ?? payerOf(req)))
  const isUsedUp = (context: PayerContext): boolean => budget.waitMs(payerIn(context)) > 0
  const valid = new WeakSet<DocumentNode>()
  const queue = createTurnQueue()

  async function chargeUser({ req }: PayerContext): Promise<void> {
    const userId = req === undefined ? undefined : await userOf(req)
    if (req !== undefined && userId !== undefined) users.set(req, nameOf({ userId, address: '' }))
  }

  /** Requests over HTTP that are refused are counted with their answers. */
  function refuse({ payer }: PayerContext, waitMs: number): GraphQLError {
    if (payer !== undefined) refusals?.charge(payer)
    return budgetUsedUp(waitMs)
  }

  return {
    /** WebSockets have the intake for this. A payer without a budget does not wait: it is rejected at once. */
    async onParams({ params, context }) {
      // Yoga checks the shape of the parameters afterwards.
      const query = (params as Readonly<{ query?: unknown }> | null)?.query
      if (typeof query !== 'string' || cache.has(query)) return
      if (isUsedUp(context)) await chargeUser(context)
      if (isUsedUp(context)) return
      await queue.turn()
    },
    onParse({ context, params }) {
      const source = params.source as string | Source
      const text = typeof source === 'string' ? source : source.body
      if (cache.has(text)) return undefined
      const payer = payerIn(context)
      const waitMs = budget.waitMs(payer)
      if (waitMs > 0) throw refuse(context, waitMs)
      const startedAt = performance.now()
      const besideMs = context.payer === undefined ? REQUEST_MS : 0
      return () => budget.charge(payer, performance.now() - startedAt + besideMs)
    },
    onValidate({ context, params, setResult }) {
      // The type in Envelop is any.
      const document = params.documentAST as DocumentNode
      if (valid.has(document)) return undefined
      const payer = payerIn(context)
      const waitMs = budget.waitMs(payer)
      if (waitMs > 0) {
        setResult([refuse(context, waitMs)])
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
