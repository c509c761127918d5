export type ServerSentEvent = Readonly<{ type: string; data: string }>

/**
 * Returns a parser of server-sent events, as the HTML standard defines them. Call it with each chunk of text. It
 * returns the events that the chunk completes. Lines end with LF, CRLF or CR, and with nothing else: U+2028 is data.
 */
export function createEventParser(): (chunk: string) => ServerSentEvent[] {
  let rest = ''
  let type = ''
  let data: string[] = []

  return (chunk) => {
    // A CR at the end may be half of a CRLF: it stays in `rest`.
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    const events: ServerSentEvent[] = []
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) events.push({ type: type || 'message', data: data.join('\n') })
        type = ''
        data = []
      } else {
        const [, field, value = ''] = /^([^:]*):? ?([^]*)$/.exec(line) ?? []
        if (field === 'event') type = value
        if (field === 'data') data.push(value)
        // A comment has an empty field. It shows that the connection is alive.
      }
    }
    return events
  }
}
