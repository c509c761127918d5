/** Returns a random UUID. React Native and insecure origins lack `crypto.randomUUID`. */
export function randomId(): string {
  const crypto = globalThis.crypto as Partial<Crypto> | undefined
  if (crypto?.randomUUID !== undefined) return crypto.randomUUID()
  const digit = (): string => Math.floor(Math.random() * 16).toString(16)
  return 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replaceAll('x', digit)
}
