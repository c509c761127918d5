import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const PROJECT = join(import.meta.dirname, '..', '..', '..')
/** The published package consists of JavaScript, and contains the generated client. */
const IS_COMPILED = import.meta.filename.endsWith('.js')

/**
 * Generates the Prisma client of the project in `root` if it is missing or older than its schema. Takes a few seconds
 * and needs no network. Must run before anything imports the client, which is not in the repository. Rejects with a
 * message for the operator if it fails.
 */
export async function ensurePrismaClient(root = PROJECT): Promise<void> {
  if (root === PROJECT && IS_COMPILED) return
  const schemaMs = (await modifiedMs(join(root, 'prisma', 'schema.prisma'))) ?? 0
  const clientMs = await modifiedMs(join(root, 'src', 'store', 'generated', 'client.ts'))
  if (clientMs !== undefined && clientMs >= schemaMs) return
  const cli = findPrisma(root)
  const what = clientMs === undefined ? 'is missing' : 'is older than prisma/schema.prisma'
  if (cli === undefined)
    throw new Error(`The Prisma client in src/store/generated ${what}. ${INSTALL_PRISMA}`)
  process.stderr.write(`The Prisma client ${what}; generating it …\n`)
  await generate(cli, root)
}

const INSTALL_PRISMA =
  'Run "npm ci", which installs the package "prisma" that generates it. In a container image, run "npm run generate" while that package is installed.'

async function modifiedMs(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function findPrisma(root: string): string | undefined {
  try {
    return createRequire(join(root, 'package.json')).resolve('prisma/build/index.js')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** Shows the output of the command only if it fails. */
async function generate(cli: string, root: string): Promise<void> {
  const env = { ...process.env, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' }
  await new Promise<void>((resolve, reject) => {
    execFile(process.execPath, [cli, 'generate'], { cwd: root, env }, (error, stdout, stderr) => {
      if (error === null) resolve()
      else reject(new Error(`"prisma generate" failed.\n${stdout}${stderr}`, { cause: error }))
    })
  })
}
