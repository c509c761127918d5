import { readFile } from 'node:fs/promises'

/** Returns the version in package.json. */
export async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as Readonly<{ version: string }>
  return version
}
