import { EventQueue } from '../../harness/fixtures/event-queue.ts'

type Frame = Readonly<{ id?: string; type: string; payload?: unknown }>

/** A WebSocket class, and the lines of what its sockets send and receive, as documents show them. */
export type RecordingSocket = Readonly<{ WebSocket: typeof WebSocket; lines: EventQueue<string> }>

/**
 * Records the frames of a client, without pings. Operations have numbers instead of random ids.
 */
export function recordSockets(): RecordingSocket {
  const lines = new EventQueue<string>()

  class Recorder extends WebSocket {
    readonly #ids = new Map<string, string>()

    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      this.addEventListener('message', ({ data }) => this.#record('←', String(data)))
    }

    override send(data: string): void {
      this.#record('→', data)
      super.send(data)
    }

    #record(direction: string, text: string): void {
      const { id, ...frame } = JSON.parse(text) as Frame
      if (frame.type === 'ping' || frame.type === 'pong') return
      if (id !== undefined && !this.#ids.has(id)) this.#ids.set(id, String(this.#ids.size + 1))
      const numbered = id === undefined ? frame : { id: this.#ids.get(id), ...frame }
      lines.push(`${direction} ${JSON.stringify(numbered, shortened)}`)
    }
  }
  return { WebSocket: Recorder, lines }
}

/** Cuts documents after their names and items of the inbox after their types, and hides tokens and times. */
function shortened(key: string, value: unknown): unknown {
  if (key === 'query' && typeof value === 'string') return value.replace(/^(\w+ \w+).*$/s, '$1…')
  if (key === 'authorization') return 'Bearer <token>'
  if (key === 'token') return '<fresh token>'
  if (key === 'expiresAt') return '<time>'
  if (key !== 'inbox') return value
  const { __typename, seq } = value as Readonly<{ __typename: string; seq?: number }>
  return { __typename, seq }
}
