import { defineConfig } from 'prisma/config'

// As in the project's own configuration, the engine is not needed.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath

export default defineConfig({ schema: 'prisma/schema.prisma' })
