import type { DemoPerson } from './demo.ts'

type Address = Readonly<{ url: string; hasWebApp: boolean }>

/** Returns the text that `parley serve` prints in development. */
export function welcome({ url, hasWebApp }: Address, people: readonly DemoPerson[]): string {
  const tokens = people.map(({ id, token }) => `  ${`user_${id}`.padEnd(12)} ${token}`)
  return [
    '',
    hasWebApp
      ? `  Chat app     ${url}   (open it in a browser: alice and bob side by side, already signed in)`
      : '  Chat app     off   (unset WEB_APP to serve it)',
    `  GraphiQL     ${url}/graphql   (a tour in eight tabs, already signed in)`,
    `  WebSocket    ${url.replace('http', 'ws')}/graphql   (graphql-transport-ws)`,
    '',
    '  Demo users and their tokens:',
    ...tokens,
    '',
    '  Stop with Ctrl-C. Messages are kept.',
    '',
    '',
  ].join('\n')
}
