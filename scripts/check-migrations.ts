// Fails unless the migrations lead exactly to schema.prisma.
import { missingSql } from './missing-sql.ts'

const sql = await missingSql()
if (sql !== '') {
  console.error(
    'The migrations do not lead to schema.prisma. `npm run migration:new -- <name>` adds this one:\n',
  )
  console.error(sql)
  process.exitCode = 1
}
