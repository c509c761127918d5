import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, matchesGlob, relative } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '..', '..', '..')
/** The working folder of every stage. */
const WORKDIR = '/app'

const execute = promisify(execFile)

/**
 * Runs the instructions of the Dockerfile without Docker: each stage in a folder of its own below `target`. `COPY`
 * leaves out ignored files, as Docker does. The packages of this repository stand in for those that `npm ci` would
 * install. Returns the folder of the last stage.
 */
export async function runDockerfile(target: string): Promise<string> {
  const isIgnored = ignoreRules(await readFile(join(ROOT, '.dockerignore'), 'utf8'))
  const stages = new Map<string, string>()
  let folder = ''
  for (const { name, rest } of instructionsIn(await readFile(join(ROOT, 'Dockerfile'), 'utf8'))) {
    if (name === 'FROM') {
      folder = join(target, String(stages.size))
      await mkdir(folder)
      stages.set(/ AS (?<stage>\S+)$/.exec(rest)?.groups?.['stage'] ?? 'last', folder)
    } else if (name === 'COPY') await copy(rest, folder, stages, isIgnored)
    else if (name === 'RUN') await run(rest, folder)
  }
  return folder
}

type Instruction = Readonly<{ name: string; rest: string }>

function instructionsIn(text: string): readonly Instruction[] {
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...words] = line.split(' ')
      return { name, rest: words.join(' ') }
    })
}

type Ignores = (path: string) => boolean

/** The last pattern that matches a file, or a folder above it, decides. */
function ignoreRules(text: string): Ignores {
  const patterns = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return (path) => {
    const parts = path.split('/')
    const folders = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    const last = patterns.findLast((pattern) =>
      folders.some((folder) => matchesGlob(folder, pattern.replace(/^!/, ''))),
    )
    return last !== undefined && !last.startsWith('!')
  }
}

async function copy(
  rest: string,
  folder: string,
  stages: ReadonlyMap<string, string>,
  isIgnored: Ignores,
): Promise<void> {
  const words = rest.split(' ')
  const stage = words[0]?.startsWith('--from=') === true ? words.shift()?.slice('--from='.length) : undefined
  const to = words.pop() ?? ''
  for (const word of words) {
    const source = stage === undefined ? join(ROOT, word) : inStage(stages.get(stage), word)
    const destination = to.endsWith('/') ? join(folder, to, word) : join(folder, to)
    await mkdir(dirname(destination), { recursive: true })
    const filter = async (path: string): Promise<boolean> =>
      stage !== undefined || (await stat(path)).isDirectory() || !isIgnored(relative(ROOT, path))
    await cp(source, destination, { recursive: true, filter, verbatimSymlinks: true })
    await expectCopied(destination, word)
  }
}

function inStage(folder: string | undefined, path: string): string {
  if (folder === undefined) throw new Error('The Dockerfile copies from a stage that it does not have.')
  return join(folder, relative(WORKDIR, path))
}

/** Docker fails if there is nothing to copy, or if all of it is ignored. */
async function expectCopied(destination: string, word: string): Promise<void> {
  const copied = await stat(destination).catch(() => undefined)
  const isEmpty = copied?.isDirectory() === true && (await readdir(destination)).length === 0
  if (copied === undefined || isEmpty) throw new Error(`COPY ${word} copies nothing.`)
}

async function run(command: string, folder: string): Promise<void> {
  if (command.startsWith('npm ci')) {
    await rm(join(folder, 'node_modules'), { force: true })
    return symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  }
  const { PATH, HOME } = process.env
  await execute('sh', ['-c', command], {
    cwd: folder,
    env: { HOME, PATH: `${dirname(process.execPath)}:${PATH}` },
  })
}
