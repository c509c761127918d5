import { execFile, spawnSync } from 'node:child_process'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { Person } from '../../harness/people/person.ts'
import { startParley, TEST_SECRET } from '../../harness/servers/parley.ts'

type Language = Readonly<{ file: string; command: string; args: readonly string[]; version: string }>

/** How to run the program of each language, and the argument that shows that the language is installed. */
const LANGUAGES = new Map<string, Language>([
  ['js', { file: 'token.mjs', command: process.execPath, args: [], version: '--version' }],
  ['python', { file: 'token.py', command: 'python3', args: [], version: '--version' }],
  ['go', { file: 'token.go', command: 'go', args: ['run'], version: 'version' }],
  ['php', { file: 'token.php', command: 'php', args: [], version: '--version' }],
  ['ruby', { file: 'token.rb', command: 'ruby', args: [], version: '--version' }],
])
const isInstalled = ({ command, version }: Language): boolean => spawnSync(command, [version]).status === 0
const installed = [...LANGUAGES].filter(([, language]) => isInstalled(language))

async function programs(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile('docs/tokens.md', 'utf8')
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  return new Map(blocks.map(([, name = '', code = '']) => [name, code]))
}

test('docs/tokens.md has a program for each language', async () => {
  const named = [...(await programs()).keys()]
  for (const name of LANGUAGES.keys()) expect(named).toContain(name)
  expect(installed.map(([name]) => name)).toContain('js')
})

test.for(installed)('the %s program of docs/tokens.md makes a token that works', async ([name, language]) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'parley-token-'))
  const file = join(folder.path, language.file)
  await writeFile(file, (await programs()).get(name) ?? '')
  const env = { ...process.env, AUTH_SECRET: TEST_SECRET }
  const args = [...language.args, file, 'zoë-42', 'Zoë "Z" Müller']
  const { stdout } = await promisify(execFile)(language.command, args, { env })

  await using parley = await startParley()
  await using zoe = new Person({ url: parley.url, token: stdout.trim(), name: 'zoë-42' })
  const { viewer } = await zoe.run<{ viewer: object }>('{ viewer { id name } }')
  expect(viewer).toEqual({ id: 'user_zoë-42', name: 'Zoë "Z" Müller' })
  const { exp } = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString()) as Readonly<{
    exp: number
  }>
  expect(exp - Date.now() / 1000).toBeGreaterThan(3_500)
  expect(exp - Date.now() / 1000).toBeLessThanOrEqual(3_600)
})

test('the settings of docs/tokens.md accept tokens of an identity provider, and no others', async () => {
  const text = (await programs()).get('sh') ?? ''
  const settings = new Map(
    [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]),
  )
  const { AUTH_ISSUER: issuer = '', AUTH_AUDIENCE: audience = '' } = Object.fromEntries(settings)
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: '1', alg: 'RS256' }] })
  const provider = createServer((_, response) => response.end(keys)).listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
  await using parley = await startParley({ config: { auth: { type: 'jwks', url, issuer, audience } } })
  const ask = async (iss: string, aud: string): Promise<unknown> => {
    const token = await new SignJWT({ name: 'Zoë' })
      .setProtectedHeader({ alg: 'RS256', kid: '1' })
      .setSubject('zoe')
      .setIssuer(iss)
      .setAudience(aud)
      .setExpirationTime('1h')
      .sign(privateKey)
    await using zoe = new Person({ url: parley.url, token, name: 'zoe' })
    const { data, errors } = await zoe.post<{ viewer: { id: string } }>('{ viewer { id } }')
    return data?.viewer.id ?? errors?.[0]?.message
  }
  expect(await ask(issuer, audience)).toBe('user_zoe')
  const rejections = [await ask(issuer.replace(/\/$/, ''), audience), await ask(issuer, 'another app')]
  for (const message of rejections) expect(await readFile('docs/tokens.md', 'utf8')).toContain(message)
  provider.close()
})
