import WebSocket from 'ws'

/** A frame of a client, as text or bytes. */
export type Frame = string | Buffer

export type AnsweredOptions = Readonly<{
  /** The address of the API, by HTTP. */
  url: string
  token: string
  /** By when each operation has an answer, or the connection is closed. The gateway promises ten seconds. */
  deadlineMs?: number
}>

/**
 * Signs in, sends the frames and then an operation. Resolves when the first answer to each operation has come, or the
 * connection was closed. Returns what came, and the close code.
 *
 * Rejects with the frames if that takes too long: an input that a gateway never answers is a fault as well.
 */
export async function answersTo(
  frames: readonly Frame[],
  { url, token, deadlineMs = 12_000 }: AnsweredOptions,
): Promise<readonly string[]> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
  const received: string[] = []
  const sent = [...frames, LAST]
  const waiting = operationsIn(sent)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => {
    const missing = [...waiting].map((id) => JSON.stringify(id)).join(', ')
    reject(new Error(`No answer to ${missing} within ${deadlineMs} ms, and no close, after ${shown(frames)}`))
  }, deadlineMs)
  socket.on('error', () => socket.terminate())
  socket.on('close', (code) => {
    received.push(`closed with ${code}`)
    resolve()
  })
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
  )
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    const { type, id } = JSON.parse(text) as Message
    received.push(text)
    if (type === 'connection_ack' && received.length === 1) for (const frame of sent) socket.send(frame)
    if (id !== undefined) waiting.delete(id)
    if (waiting.size === 0) resolve()
  })
  try {
    await promise
    return received
  } finally {
    clearTimeout(timer)
    socket.terminate()
  }
}

/** Its answer shows that the frames before it have been read. A pong does not say to which ping it belongs. */
const LAST = JSON.stringify({
  type: 'subscribe',
  id: 'after the frames',
  payload: { query: '{ __typename }' },
})

type Message = Readonly<{ type?: string; id?: string }>

/** Returns the ids of the operations that must be answered: those that the frames begin and do not complete. */
function operationsIn(frames: readonly Frame[]): Set<string> {
  const ids = new Set<string>()
  for (const frame of frames) {
    const message = messageIn(frame)
    if (typeof message?.id !== 'string') continue
    if (message.type === 'subscribe') ids.add(message.id)
    if (message.type === 'complete') ids.delete(message.id)
  }
  return ids
}

/** Undefined for anything but a JSON object in a text frame. The gateway closes the connection for it. */
function messageIn(frame: Frame): Message | undefined {
  if (typeof frame !== 'string') return undefined
  try {
    return JSON.parse(frame) as Message
  } catch {
    return undefined
  }
}

function shown(frames: readonly Frame[]): string {
  return JSON.stringify(
    frames.map((frame) => (typeof frame === 'string' ? frame : `bytes ${frame.toString('hex')}`)),
  )
}
