/** The time of an RFC 3339 text. Null stays null. */
export function toDate(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
