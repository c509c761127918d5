import type { Person } from './person.ts'
import { EventQueue } from '../fixtures/event-queue.ts'

export type StatusData = Readonly<{ level: string; since: string; paused: readonly string[] }>

const FIELDS = '{ level since paused }'

export async function queryStatus(person: Person): Promise<StatusData> {
  const data = await person.run<{ serviceStatus: StatusData }>(`{ serviceStatus ${FIELDS} }`)
  return data.serviceStatus
}

/** Subscribes to the service status. */
export function subscribeToStatus(
  person: Person,
): Disposable & Readonly<{ updates: EventQueue<StatusData> }> {
  const told = new EventQueue<StatusData>()
  const end = person.socket.subscribe<{ serviceStatus: StatusData }>(
    { query: `subscription { serviceStatus ${FIELDS} }` },
    {
      next: ({ data }) => {
        if (data) told.push(data.serviceStatus)
      },
      error: (error) => told.push(error as StatusData),
      complete: () => undefined,
    },
  )
  return { updates: told, [Symbol.dispose]: end }
}
