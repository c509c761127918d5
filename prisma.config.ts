import { defineConfig } from 'prisma/config'

// These three commands never run the native schema engine, yet the CLI insists on some file in its place:
// naming one spares a download that a machine without network could not make.
const needsNoEngine = ['generate', 'validate', 'format'].some((command) => process.argv.includes(command))
if (needsNoEngine) process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
})
