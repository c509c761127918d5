import type { Command } from 'commander'
import { DEFAULT_WEBHOOK_TYPES, WEBHOOK_TYPES, type WebhookType } from '../followers/webhooks/webhook.ts'
import { parseChat, parsePendingAfter, parseSeq, parseWebAddress, parseWebhookTypes } from './arguments.ts'
import { examples } from './help.ts'
import type { RunVerb } from './process.ts'

type CreateOptions = Readonly<{
  types?: readonly WebhookType[]
  pendingAfter: number
  content: true | undefined
  allowPrivate: true | undefined
}>

/** Adds the verbs of `parley webhook`. */
export function addWebhookVerbs(webhook: Command, run: RunVerb): void {
  const commands = () => import('./commands/webhook.ts')
  const verb = (
    name: string,
    summary: string,
    description = `${summary}.`.replace(/^./, (c) => c.toUpperCase()),
  ) =>
    webhook
      .command(name)
      .summary(summary)
      .description(description)
      .showHelpAfterError(`Run "parley webhook ${name} --help".`)
  const verbWithId = (name: string, summary: string, description?: string) =>
    verb(name, summary, description).argument('<id>', 'the id of "parley webhook list"')

  webhook.addHelpText(
    'after',
    examples('parley webhook create https://shop.example/parley', 'parley webhook test wh_0123456789abcdef'),
  )

  verb(
    'create',
    'create a webhook, and print its id and secret',
    'Creates a webhook, and prints its id and secret. It receives everything that is committed from now on. Without --allow-private, only public addresses are connected to.',
  )
    .argument('<url>', 'the address that events are posted to', parseWebAddress)
    .option(
      '--types <types>',
      `comma-separated: ${WEBHOOK_TYPES.join(', ')} (default: all but receipt.advanced and message.pending)`,
      parseWebhookTypes,
    )
    .option(
      '--pending-after <seconds>',
      'how old a message is when message.pending is posted, 0 to 86400',
      parsePendingAfter,
      30,
    )
    .option('--content', 'send the text of messages, not only ids')
    .option('--allow-private', 'the address may be in a private network, or this machine')
    .action((url: string, options: CreateOptions) => {
      const { types = DEFAULT_WEBHOOK_TYPES, pendingAfter: pendingAfterS } = options
      const hasContent = options.content === true
      const allowsPrivate = options.allowPrivate === true
      return run(async () => (await commands()).createWebhook, {
        url,
        types,
        hasContent,
        allowsPrivate,
        pendingAfterS,
      })
    })
  verb('list', 'list all webhooks, without their secrets').action(() =>
    run(async () => (await commands()).listWebhooks, undefined),
  )
  verbWithId('test', 'post a test message once').action((id: string) =>
    run(async () => (await commands()).testWebhook, { id }),
  )
  verbWithId('pause', 'pause a webhook; its events remain due').action((id: string) =>
    run(async () => (await commands()).pauseWebhook, { id }),
  )
  verbWithId('resume', 'continue with the first event that was not delivered').action((id: string) =>
    run(async () => (await commands()).resumeWebhook, { id }),
  )
  verbWithId('remove', 'delete a webhook with its positions').action((id: string) =>
    run(async () => (await commands()).removeWebhook, { id }),
  )
  verbWithId('rotate-secret', 'print a new secret; the former one signs as well for a day').action(
    (id: string) => run(async () => (await commands()).rotateWebhookSecret, { id }),
  )
  verbWithId('replay', 'deliver events of a chat again')
    .requiredOption('--chat <id>', 'the chat', parseChat)
    .requiredOption('--after <seq>', 'the position after which to begin; 0: the start', parseSeq)
    .action(
      (
        id: string,
        { chat: chatId, after: afterSeq }: { chat: ReturnType<typeof parseChat>; after: number },
      ) => run(async () => (await commands()).replayWebhook, { id, chatId, afterSeq }),
    )
}
