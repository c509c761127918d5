import { defineConfig } from 'prisma/config'

// These commands never run the native schema engine, but the CLI requires a file in its place. Naming one avoids a
// download that would fail without a network.
const needsNoEngine = ['generate', 'validate', 'format'].some((command) => process.argv.includes(command))
if (needsNoEngine) process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath

// `prisma migrate status` and `prisma studio` connect to this database. `prisma generate` works without it.
const url = process.env['DATABASE_URL']

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url !== undefined && url !== '' && { datasource: { url } }),
})
