// Growth: npm run bench -- growth. Fills three databases of one server with a thousand, a hundred thousand and ten
// million messages, and performs the same operations in each, in turn.
import { cpus, loadavg } from 'node:os'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startGateway } from '../servers/gateway.ts'
import { SECRET } from '../servers/place.ts'
import type { Options, Subject } from '../subjects/subject.ts'
import { HERE } from '../targets/parley.ts'
import { draw } from './chart.ts'
import { type Filled, startServer } from './databases.ts'
import { connectPeople, type Operations } from './operations.ts'
import { measure } from './measure.ts'
import { countPages, type Pages } from './page-counts.ts'
import { SIZES, type Size } from './sizes.ts'
import { pagesTable, timesTable } from './table.ts'

export const growth: Subject = {
  name: 'growth',
  summary: 'the same operations with up to ten million messages stored (three minutes, 15 GB of disk)',
  isLong: true,
  run,
}

async function run({ out, messages }: Options): Promise<string> {
  await using resources = new AsyncDisposableStack()
  const server = resources.use(await startServer())
  const filled: Filled[] = []
  for (const size of SIZES.filter((size) => messages === undefined || messages.includes(size)))
    filled.push(await server.fill(size))

  const pages = new Map<Size, Pages>()
  for (const database of filled) pages.set(database.size, await countPages(database, SECRET))

  const people = new Map<Size, Operations>()
  for (const { size, url: databaseUrl } of filled) {
    const { folder } = server
    const gateway = resources.use(
      await startGateway({
        name: `gateway-${size}`,
        root: HERE,
        databaseUrl,
        secret: SECRET,
        folder,
        env: MANUAL,
      }),
    )
    const operations = await connectPeople(`http://127.0.0.1:${gateway.port}/graphql`, SECRET, size)
    resources.defer(() => operations.close())
    people.set(size, operations)
  }
  const loadBefore = loadavg()[0] ?? NaN
  const measured = await measure(people)

  const machine = `${cpus().length} cores; load average ${loadBefore.toFixed(1)} before the measurement, ${(loadavg()[0] ?? NaN).toFixed(1)} after it.`
  const text = ['# Growth', timesTable(filled, measured), pagesTable(pages), machine].join('\n\n')
  const folder = join(out, 'growth')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'growth.svg'), draw(measured, pages))
  await writeFile(join(folder, 'growth.md'), `${text}\n`)
  return text
}

/** The users of this benchmark are few and fast, which is no overload. */
const MANUAL = { SERVICE_LEVELS: 'manual' }
