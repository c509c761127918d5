import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createInspector } from '../../../src/media/inspector.ts'
import { createPoolProcess } from '../../../src/media/pool-process.ts'
import {
  createProcessPool,
  type ProcessPool,
  type ProcessPoolOptions,
} from '../../../src/media/process-pool.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { photo } from '../../harness/fixtures/pictures.ts'

// A file that crashes or fills the inspection does not reach the process that asks for it.

const FAULTY = join(import.meta.dirname, '../../harness/fixtures/faulty-inspection.ts')

test.each(['crash', 'loop', 'fail'])(
  'a file at which the inspection does this becomes a download, and the next is inspected: %s',
  async (fault) => {
    // A process may use 30 seconds before its last file.
    await using stage = await startInspector({ cpuSeconds: -28 })
    expect(await stage.inspect(fault)).toEqual({ ...DOWNLOAD, byteSize: fault.length })
    // A crash may not be the file's fault, so the file is inspected once more.
    const reasons = { crash: ['died', 'died'], loop: ['exhausted'], fail: ['failed'] }[fault] ?? []
    expect(await stage.failures()).toEqual(
      Object.fromEntries(reasons.map((reason) => [reason, reasons.length])),
    )
    expect(stage.lines.filter(({ msg }) => msg === 'inspection of an upload failed')).toHaveLength(
      reasons.length,
    )
    expect(await stage.inspect('anything else')).toMatchObject({ contentType: 'text/plain' })
  },
)

test('a file whose inspection does not end may be uploaded again: the machine may be busy', async () => {
  await using stage = await startInspector({ timeoutsMs: { idle: 500, any: 500 } })
  await expect(stage.inspect('hang')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await stage.failures()).toEqual({ late: 2 })
})

test('a file is not a download because the system starts no process, and the next is inspected', async () => {
  await using stage = await startInspector({})
  const { execPath } = process
  try {
    process.execPath = join(import.meta.dirname, 'nothing')
    stage.start()
    await expect(stage.inspect('anything')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  } finally {
    process.execPath = execPath
  }
  expect(await stage.failures()).toEqual({ unstarted: 1 })
  expect(await stage.inspect('anything')).toMatchObject({ contentType: 'text/plain' })
})

test.runIf(process.platform === 'linux')(
  'a process that dies before a job reaches it is not the fault of the job',
  async () => {
    await using stage = await startPool()
    const pid = Number(await stage.run('pid'))
    process.kill(pid, 'SIGKILL')
    // Without a turn of the event loop, so that the pool does not know yet.
    while (!isZombie(pid));
    await expect(stage.runAgain()).rejects.toMatchObject({ type: 'died' })
    expect(await stage.run('pid')).not.toBe(pid)
  },
)

test.runIf(process.platform === 'linux')(
  'files are inspected at the lowest priority, and at a low one if the machine is never idle',
  async () => {
    await using stage = await startInspector({ timeoutsMs: { idle: 2_000, any: 60_000 } })
    expect(await stage.inspect('scheduling')).toEqual({ nice: 19, sessionNice: 19, isAlone: true })
    expect(await stage.inspect('hang at the lowest priority')).toEqual({
      nice: 10,
      sessionNice: 10,
      isAlone: true,
    })
    expect(await stage.failures()).toEqual({ late: 1 })
  },
)

test('the real program inspects an image', async () => {
  await using stage = await startInspector({ program: undefined })
  expect(await stage.inspect(await photo(64, 48))).toMatchObject({ kind: 'IMAGE', width: 64, height: 48 })
})

test('a job that needs more memory than is allowed fails, and this process does not grow', async () => {
  await using stage = await startPool({ memoryBytes: 1024 * 1024 * 1024 })
  const before = process.memoryUsage.rss()
  await expect(stage.run('eat')).rejects.toMatchObject({ type: 'died' })
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024)
  expect(await stage.run('pid')).toBeTypeOf('number')
})

test.each(['grow', 'tire'])('a process is used again, unless it has used much: %s', async (wear) => {
  await using stage = await startPool()
  const first = await stage.run('pid')
  expect(await stage.run(wear)).toBe(first)
  expect(await stage.run('pid')).not.toBe(first)
})

test('a process pauses after a job, whose result is not late, and closing ends the pause', async () => {
  await using stage = await startPool({ pauseShare: 1_000_000 })
  await using other = await startPool()
  await stage.run('pid')
  const next = expect(stage.runAgain()).rejects.toMatchObject({ type: 'died' })
  for (let count = 0; count < 3; count += 1) await other.run('pid')
  expect(stage.waiting()).toBe(1)
  await stage.close()
  await next
})

test('a process knows no variable of the gateway', async () => {
  await using stage = await startPool()
  const known = await stage.run('environment')
  expect(known).toContain('MALLOC_ARENA_MAX')
  for (const name of Object.keys(process.env)) if (!SET_BY_SHELLS.has(name)) expect(known).not.toContain(name)
})

test('closing ends a job that runs, and its process', async () => {
  await using stage = await startPool()
  const pid = Number(await stage.run('pid'))
  const running = expect(stage.run('loop')).rejects.toMatchObject({ type: 'died' })
  await stage.close()
  await running
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

test('if the process that starts the others dies, its job fails, its processes end, and the next job starts another', async () => {
  await using stage = await startPool({}, inOwnProcess)
  const [parent, pid] = [Number(await stage.run('parent')), Number(await stage.run('pid'))]
  expect(parent).not.toBe(process.pid)
  await expect(stage.run('orphan')).rejects.toMatchObject({ type: 'died' })
  await expect.poll(() => isAlive(pid)).toBe(false)
  expect(await stage.run('parent')).not.toBe(parent)
})

test('closing a pool in a process of its own ends a job that runs, and its processes', async () => {
  const stage = await startPool({}, inOwnProcess)
  const [parent, pid] = [Number(await stage.run('parent')), Number(await stage.run('pid'))]
  const running = expect(stage.run('loop')).rejects.toMatchObject({ type: 'died' })
  await stage[Symbol.asyncDispose]()
  await running
  expect([parent, pid].map(isAlive)).toEqual([false, false])
})

test('all pools have one process that starts theirs', async () => {
  await using stage = await startPool({}, (options) => {
    const { pools, close } = createPoolProcess([options, { ...options, nice: 19 }])
    const run = (job: object) => Promise.all(pools.map((pool) => pool.run(job)))
    return { run, waiting: () => 0, close }
  })
  const [parents, pids] = [await stage.run('parent'), await stage.run('pid')]
  expect(new Set(parents as readonly unknown[]).size).toBe(1)
  expect(new Set(pids as readonly unknown[]).size).toBe(2)
})

function inOwnProcess(options: ProcessPoolOptions): ProcessPool<unknown> {
  const { pools, close } = createPoolProcess([options])
  const [pool] = pools
  if (pool === undefined) throw new Error('The process has no pool.')
  return { ...pool, close }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Whether all threads of a process have ended, and so its channel is closed. */
function isZombie(pid: number): boolean {
  const isLeader = readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  return isLeader && readdirSync(`/proc/${pid}/task`).length === 1
}

const DOWNLOAD = {
  kind: 'FILE',
  contentType: 'application/octet-stream',
  fileName: 'photo.jpg',
  width: null,
  height: null,
  thumbhash: null,
  hasThumbnails: false,
}

const SET_BY_SHELLS = new Set([
  'PWD',
  'OLDPWD',
  'SHLVL',
  '_',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
])

/** A folder with the file to inspect. */
async function newPlace() {
  const folder = await mkdtemp(join(tmpdir(), 'parley-inspection-'))
  const path = join(folder, 'received')
  return {
    folder,
    path,
    write: (content: string | Buffer) => writeFile(path, content),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

type Options = Readonly<{ program?: string | undefined; cpuSeconds?: number }> &
  Pick<Parameters<typeof createInspector>[0], 'timeoutsMs'>

async function startInspector(options: Options) {
  const resources = new AsyncDisposableStack()
  const { folder, path, write } = resources.use(await newPlace())
  const { logger, lines } = captureLog()
  const metrics = createMetrics()
  const { program, ...limits } = { program: FAULTY, ...options }
  const inspector = createInspector({ metrics, logger, ...limits, ...(program && { program }) })
  resources.defer(() => inspector.close())
  return {
    lines,
    start: () => inspector.start(),
    async inspect(content: string | Buffer) {
      await write(content)
      const declaredType = 'image/jpeg'
      return inspector.inspect({
        path,
        folder,
        fileName: 'photo.jpg',
        declaredType,
        byteSize: content.length,
      })
    },
    async failures() {
      const { values } = await metrics.mediaInspectionFailures.get()
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels.reason), value] as const))
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function startPool(
  options: Partial<ProcessPoolOptions> = {},
  create: (options: ProcessPoolOptions) => ProcessPool<unknown> = createProcessPool,
) {
  const resources = new AsyncDisposableStack()
  const { path, write } = resources.use(await newPlace())
  const pool = create({
    program: FAULTY,
    size: 1,
    timeoutMs: 30_000,
    cpuSeconds: 30,
    memoryBytes: 2 * 1024 * 1024 * 1024,
    pauseShare: 0,
    nice: 10,
    ...options,
  })
  resources.defer(() => pool.close())
  return {
    close: () => pool.close(),
    async run(content: string) {
      await write(content)
      return pool.run({ path })
    },
    waiting: () => pool.waiting(),
    /** Runs the job of the last content. */
    runAgain: () => pool.run({ path }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
