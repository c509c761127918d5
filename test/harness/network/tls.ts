import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A certificate of 127.0.0.1 and localhost, by a certificate authority of its own. */
export type TestTls = AsyncDisposable &
  Readonly<{
    key: string
    cert: string
    /** The certificate of the authority, for NODE_EXTRA_CA_CERTS. This process trusts it already. */
    caFile: string
  }>

/** Makes keys with the openssl of this machine. */
export async function createTls(): Promise<TestTls> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-tls-'))
  const inFolder = { cwd: folder }
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  await run(
    'openssl',
    ['req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Parley tests'],
    inFolder,
  )
  await writeFile(join(folder, 'ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  await run(
    'openssl',
    ['req', ...ec, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=localhost'],
    inFolder,
  )
  await run(
    'openssl',
    [
      'x509',
      '-req',
      '-in',
      'request.pem',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'ext',
      '-out',
      'cert.pem',
    ],
    inFolder,
  )
  const caFile = join(folder, 'ca.pem')
  const ca = await readFile(caFile, 'utf8')
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, ca])
  return {
    key: await readFile(join(folder, 'key.pem'), 'utf8'),
    cert: await readFile(join(folder, 'cert.pem'), 'utf8'),
    caFile,
    async [Symbol.asyncDispose]() {
      setDefaultCACertificates(before)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
