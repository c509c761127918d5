import { createWebhooks, type WebhookInput, type Webhooks } from '../../followers/webhooks/webhooks.ts'
import { failureOf } from '../../followers/webhooks/deliver.ts'
import type { Webhook } from '../../followers/webhooks/webhook.ts'
import { type ChatId, globalId, type Seq } from '../../ids.ts'
import { post } from '../../transport/outgoing/post.ts'
import type { Process, RunCommand } from '../process.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'
import { withDatabase } from './with-database.ts'

type Id = Readonly<{ id: string }>

/** Creates a webhook, and prints its id and secret. */
export const createWebhook: RunCommand<WebhookInput> = async (process, input) => {
  const webhook = await withWebhooks(process, (webhooks) => webhooks.create(input))
  process.print(`id      ${webhook.id}`)
  process.print(`secret  ${webhook.secrets[0]}`)
  return 0
}

/** Prints a few lines per webhook, without secrets. */
export const listWebhooks: RunCommand = async (process) => {
  const webhooks = await withWebhooks(process, (all) => all.list())
  if (webhooks.length === 0)
    process.print('There is no webhook yet. "parley webhook create <url>" makes one.')
  for (const webhook of webhooks) for (const line of describe(webhook)) process.print(line)
  return 0
}

/** Posts a test message, and prints what the receiver answered. */
export const testWebhook: RunCommand<Id> = async (process, { id }) => {
  const posted = await withWebhooks(process, (webhooks) => webhooks.test(id, post))
  if (posted === undefined) throw unknown(id)
  const failure = failureOf(posted)
  if (failure !== undefined) throw new Error(`The receiver did not accept the test: ${failure}.`)
  process.print('The receiver accepted the test.')
  return 0
}

export const pauseWebhook: RunCommand<Id> = (process, { id }) =>
  changed(process, id, `${id} is paused. Its events remain due.`, (webhooks) => webhooks.pause(id))

export const resumeWebhook: RunCommand<Id> = (process, { id }) =>
  changed(process, id, `${id} continues with the first event that was not delivered.`, (webhooks) =>
    webhooks.resume(id),
  )

export const removeWebhook: RunCommand<Id> = (process, { id }) =>
  changed(process, id, `${id} is deleted, with its positions.`, (webhooks) => webhooks.remove(id))

/** Delivers events of a chat again. */
export const replayWebhook: RunCommand<Id & Readonly<{ chatId: ChatId; afterSeq: Seq }>> = async (
  process,
  { id, chatId, afterSeq },
) => {
  const outcome = await withWebhooks(process, (webhooks) => webhooks.replay(id, chatId, afterSeq))
  if (outcome === 'no webhook') throw unknown(id)
  if (outcome === 'no chat') throw new Error(`There is no chat ${globalId.chat(chatId)}. Check its id.`)
  process.print(`${id} receives the events of the chat after ${afterSeq} again.`)
  return 0
}

/** Prints the new secret. */
export const rotateWebhookSecret: RunCommand<Id> = async (process, { id }) => {
  const secret = await withWebhooks(process, (webhooks) => webhooks.rotateSecret(id))
  if (secret === undefined) throw unknown(id)
  process.print(secret)
  return 0
}

async function changed(
  process: Process,
  id: string,
  done: string,
  change: (webhooks: Webhooks) => Promise<boolean>,
): Promise<number> {
  if (!(await withWebhooks(process, change))) throw unknown(id)
  process.print(done)
  return 0
}

async function withWebhooks<Result>(
  process: Process,
  work: (webhooks: Webhooks) => Promise<Result>,
): Promise<Result> {
  return stoppable(process, 'It is unknown whether the change was made.', async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    return await withDatabase(database.url, ({ writer }) => work(createWebhooks({ writer })))
  })
}

function describe({ id, url, types, hasContent, pausedAt, pauseReason, failingSince }: Webhook): string[] {
  const failing = failingSince === null ? 'active' : `failing since ${failingSince.toISOString()}`
  const state = pausedAt === null ? failing : `paused at ${pausedAt.toISOString()}: ${pauseReason}`
  return [`${id}  ${url}`, `  ${state}`, `  ${types.join(', ')}${hasContent ? ', with content' : ''}`]
}

function unknown(id: string): Error {
  return new Error(`There is no webhook ${id}. "parley webhook list" shows all of them.`)
}
