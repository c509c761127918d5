import type { User } from './user.ts'

type Connected = Pick<User, 'name' | 'closed'>

/**
 * Returns a function that runs a load and rejects as soon as a user loses their connection. Their messages would count
 * as lost otherwise, and a closed loop would wait for them.
 */
export function whileConnected(
  users: readonly Connected[],
): <Result>(run: Promise<Result>) => Promise<Result> {
  const lost = Promise.race(
    users.map(async ({ name, closed }) => {
      throw new Error(`${name} was disconnected: ${await closed}`)
    }),
  )
  // Between two runs, nothing waits for it.
  lost.catch(() => undefined)
  return (run) => Promise.race([run, lost])
}
