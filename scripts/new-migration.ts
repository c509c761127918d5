// Writes the migration from the present migrations to schema.prisma: npm run migration:new -- <name>
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { MIGRATIONS, missingSql } from './missing-sql.ts'

async function writeMigration(name: string, sql: string): Promise<string> {
  const time = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
  const folder = path.join(MIGRATIONS, `${time}_${name}`)
  await mkdir(folder)
  const file = path.join(folder, 'migration.sql')
  await writeFile(file, sql)
  return path.relative(process.cwd(), file)
}

const [name = ''] = process.argv.slice(2)
if (/^[a-z][a-z0-9_]{0,60}$/.test(name)) {
  const sql = await missingSql()
  console.log(sql === '' ? 'The migrations already lead to schema.prisma.' : await writeMigration(name, sql))
} else {
  console.error('usage: npm run migration:new -- <name>, as in add_message_ttl')
  process.exitCode = 2
}
