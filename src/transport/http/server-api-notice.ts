import type { BrowserPage } from './yoga.ts'

/** Says what the address is. GraphiQL is not here, because a key in a browser could read and write every chat. */
const NOTICE =
  'This is the server API of Parley, for the backend of your product: docs/server-api.md describes it, server.graphql ' +
  'is its schema, and browsers get no page here, because keys do not belong in them.\n'

/** Answers browsers that open the address of the server API. */
export const serverApiNotice: BrowserPage = {
  serve(_, response) {
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
    response.end(NOTICE)
  },
}
