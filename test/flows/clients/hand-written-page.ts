import { connect } from '../../../examples/hand-written/connection.ts'
import type { Message } from '../../../examples/hand-written/documents.ts'
import { createHttpApi } from '../../../examples/hand-written/http-api.ts'
import { followInbox } from '../../../examples/hand-written/inbox.ts'
import { createSocketApi } from '../../../examples/hand-written/socket-api.ts'

/** Script of the test's page. Shows the bodies of all messages in `globalThis.shown`. */
export type Page = Readonly<{
  shown: string[]
  start(transport: 'websocket' | 'sse', url: string, token: string): void
}>

const shown: string[] = []
const show = ({ body }: Message): void => void shown.push(body ?? '')

function start(transport: 'websocket' | 'sse', url: string, token: string): void {
  const api =
    transport === 'sse' ? createHttpApi(url, () => token) : createSocketApi(connect(url, async () => token))
  void followInbox(api, 'browser', {
    replace: (chats) => chats.forEach(({ messages }) => messages.edges.forEach(({ node }) => show(node))),
    add: ({ messages }) => messages.edges.forEach(({ node }) => show(node)),
    apply: ({ message }) => show(message),
  })
}
Object.assign(globalThis, { shown, start })
