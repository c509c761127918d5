/** The direction of a field: that of its text. While it is empty, its placeholder has the direction of the page. */
export function textDirection(text: string): 'auto' | undefined {
  return text === '' ? undefined : 'auto'
}
