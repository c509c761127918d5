// Growth: npm run bench:growth. Fills three databases of one server with a thousand, a hundred thousand and ten million
// messages, and performs the same operations in each, in turn. Writes a picture and a table into docs/growth.
import { cpus, loadavg } from 'node:os'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startGateway } from '../peak/gateway.ts'
import { draw } from './chart.ts'
import { type Filled, startServer } from './databases.ts'
import { connectPeople, type Operations } from './operations.ts'
import { measure } from './measure.ts'
import { countPages, type Pages } from './page-counts.ts'
import { SIZES, type Size } from './sizes.ts'
import { pagesTable, timesTable } from './table.ts'

const SECRET = 'a secret for the bench, of thirty-two bytes and more'
const OUT = fileURLToPath(new URL('../../docs/growth/', import.meta.url))

/** Returns the sizes on the command line, or all: npm run bench:growth -- 1000 100000 */
function chosenSizes(): readonly Size[] {
  const named = process.argv.slice(2).map(Number)
  return SIZES.filter((size) => named.length === 0 || named.includes(size))
}

await using resources = new AsyncDisposableStack()
const server = resources.use(await startServer())
const filled: Filled[] = []
for (const size of chosenSizes()) filled.push(await server.fill(size))

const pages = new Map<Size, Pages>()
for (const database of filled) pages.set(database.size, await countPages(database, SECRET))

const people = new Map<Size, Operations>()
for (const { size, url: databaseUrl } of filled) {
  const gateway = resources.use(await startGateway({ databaseUrl, secret: SECRET, hasLevels: false }))
  const operations = await connectPeople(gateway.url, SECRET, size)
  resources.defer(() => operations.close())
  people.set(size, operations)
}
const loadBefore = loadavg()[0] ?? NaN
const measured = await measure(people)

const machine = `${cpus().length} cores; load average ${loadBefore.toFixed(1)} before the measurement, ${(loadavg()[0] ?? NaN).toFixed(1)} after it.`
const text = [timesTable(filled, measured), pagesTable(pages), machine].join('\n\n')
await mkdir(OUT, { recursive: true })
await writeFile(join(OUT, 'growth.svg'), draw(measured, pages))
await writeFile(join(OUT, 'growth.md'), `# Growth\n\n${text}\n`)
process.stdout.write(`${text}\n`)
