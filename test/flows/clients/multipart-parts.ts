const BOUNDARY = '\r\n--graphql'
const HEADER = 'content-type: application/json'

/**
 * Reads a multipart response as Apollo iOS does. It splits at the boundary, and each part at empty lines. A part has a
 * header in lower case and one line of JSON. Anything else ends its subscription with an error.
 */
export async function* multipartParts(response: Response): AsyncGenerator<unknown> {
  const contentType = response.headers.get('content-type') ?? ''
  const parameters = contentType.split(';').map((text) => text.trim())
  if (!parameters.includes('boundary="graphql"') || !parameters.includes('subscriptionSpec=1.0'))
    throw new Error(`Unknown multipart protocol: ${contentType}`)
  let rest = ''
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const chunks = (rest + text).split(BOUNDARY)
    rest = chunks.pop() ?? ''
    for (const chunk of chunks) if (chunk !== '') yield partOf(chunk)
  }
}

function partOf(chunk: string): unknown {
  const [header, json = '', ...others] = chunk.replace(/^\r\n/, '').split('\r\n\r\n')
  if (header !== HEADER || others.length > 0) throw new Error(`The chunk data could not be parsed: ${chunk}`)
  return JSON.parse(json)
}
