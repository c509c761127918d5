/** One media range of the header "Accept", such as `text/*;q=0.5`. Names are in lower case, values without quotes. */
export type MediaRange = Readonly<{
  type: string
  parameters: ReadonlyMap<string, string>
  /** From 0 to 1. 0 means that the client does not accept this type. */
  weight: number
}>

/** Returns the ranges in the order of the client. A client without the header accepts everything. */
export function mediaRanges(accept: string | null): readonly MediaRange[] {
  const text = accept === null || accept.trim() === '' ? '*/*' : accept
  return text.split(',').map(parsedRange)
}

/** Returns whether the client accepts a media type. The most specific range that matches it decides. */
export function accepts(ranges: readonly MediaRange[], mediaType: string): boolean {
  const [group] = mediaType.split('/')
  for (const type of [mediaType, `${group}/*`, '*/*']) {
    const matching = ranges.filter((range) => range.type === type)
    if (matching.length > 0) return matching.some(({ weight }) => weight > 0)
  }
  return false
}

function parsedRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((piece) => piece.trim().toLowerCase())
  const parameters = new Map(
    rest.map((parameter) => {
      const [name = '', value = ''] = parameter.split('=', 2)
      return [name.trim(), value.trim().replaceAll('"', '')]
    }),
  )
  const weight = Number(parameters.get('q') ?? 1)
  return { type, parameters, weight: Number.isNaN(weight) ? 0 : weight }
}
