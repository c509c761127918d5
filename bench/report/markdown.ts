/** Returns a number with the digits that matter. */
export function plain(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–'
  if (value !== 0 && Math.abs(value) < 10) return value.toFixed(value < 1 ? 2 : 1)
  return Math.round(value).toLocaleString('en')
}

/** Returns a table. The first row is its head. */
export function markdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
