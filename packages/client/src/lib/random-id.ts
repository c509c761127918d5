/** Returns a random id. React Native and insecure origins lack `crypto.randomUUID`. */
export function randomId(): string {
  const { crypto } = globalThis as { crypto?: Partial<Crypto> }
  const part = (): string => Math.random().toString(36).slice(2)
  return crypto?.randomUUID?.() ?? part() + part()
}
