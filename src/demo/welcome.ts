import type { DemoPerson } from './demo.ts'

/** What somebody reads who has just started Parley to try it. */
export function welcome(url: string, people: readonly DemoPerson[]): string {
  const tokens = people.map(({ id, token }) => `  ${`user_${id}`.padEnd(12)} ${token}`)
  return [
    '',
    `  GraphiQL     ${url}/graphql   (a tour in eight tabs, signed in already)`,
    `  WebSocket    ${url.replace('http', 'ws')}/graphql   (graphql-transport-ws)`,
    '',
    '  People to try it with, and their tokens:',
    ...tokens,
    '',
    '  Stop with Ctrl-C; what was said is kept.',
    '',
    '',
  ].join('\n')
}
