import type { DemoPerson } from './demo.ts'

/** Returns the text that `parley serve` prints in development. */
export function welcome(url: string, people: readonly DemoPerson[]): string {
  const tokens = people.map(({ id, token }) => `  ${`user_${id}`.padEnd(12)} ${token}`)
  return [
    '',
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
