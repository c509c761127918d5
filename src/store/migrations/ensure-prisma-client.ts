import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const PROJECT = join(import.meta.dirname, '..', '..', '..')

/**
 * Generates the Prisma client of the project in `root` if it is missing or older than its schema, which takes a few
 * seconds and no network. Comes before anything that imports the client, which is not kept in the repository.
 * Rejects with a sentence for the operator where it can't be done.
 */
export async function ensurePrismaClient(root = PROJECT): Promise<void> {
  const schemaMs = (await modifiedMs(join(root, 'prisma', 'schema.prisma'))) ?? 0
  const clientMs = await modifiedMs(join(root, 'src', 'store', 'generated', 'client.ts'))
  if (clientMs !== undefined && clientMs >= schemaMs) return
  const cli = findPrisma(root)
  const what = clientMs === undefined ? 'is missing' : 'is older than prisma/schema.prisma'
  if (cli === undefined) throw new Error(`The Prisma client in src/store/generated ${what}. ${BRING_PRISMA}`)
  process.stderr.write(`The Prisma client ${what}; generating it …\n`)
  await generate(cli, root)
}

const BRING_PRISMA =
  'Run "npm ci", which brings the package "prisma" that generates it; in a container image, run "npm run generate" while that package is there.'

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

/** Its chatter is shown only where it failed. */
async function generate(cli: string, root: string): Promise<void> {
  const env = { ...process.env, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' }
  await new Promise<void>((resolve, reject) => {
    execFile(process.execPath, [cli, 'generate'], { cwd: root, env }, (error, stdout, stderr) => {
      if (error === null) resolve()
      else reject(new Error(`"prisma generate" failed.\n${stdout}${stderr}`, { cause: error }))
    })
  })
}
