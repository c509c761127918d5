import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type ColumnType,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import type { DiffResult } from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

// The column types of the engine's catalogue queries, by the numbers of PostgreSQL's own types. Prisma's adapter cannot
// be used here, because it does not know the type "char".
const COLUMN_TYPES: ReadonlyMap<number, ColumnType> = new Map([
  [16, ColumnTypeEnum.Boolean],
  [18, ColumnTypeEnum.Character],
  [19, ColumnTypeEnum.Text],
  [20, ColumnTypeEnum.Int64],
  [21, ColumnTypeEnum.Int32],
  [23, ColumnTypeEnum.Int32],
  [25, ColumnTypeEnum.Text],
  [26, ColumnTypeEnum.Int64],
  [1003, ColumnTypeEnum.TextArray],
  [1009, ColumnTypeEnum.TextArray],
  [1043, ColumnTypeEnum.Text],
])

/**
 * Returns the SQL that makes the database at `url` match a Prisma schema, or an empty text if it already does. Only
 * reads the database. Uses Prisma's own engine as WebAssembly, without network and without its native binary.
 */
export async function diffDatabase(url: string, schemaFile: string): Promise<string> {
  await loadEngine()
  await using adapter = await createCatalogueAdapter(url)
  const connect = async () => adapter
  const factory = { provider: 'postgres', adapterName: 'pg', connect, connectToShadowDb: connect } as const
  const adapterFactory = bindMigrationAwareSqlAdapterFactory(factory)
  using engine = await bindings.SchemaEngine.new({ datamodels: undefined }, () => undefined, adapterFactory)
  const schema = { path: schemaFile, content: await readFile(schemaFile, 'utf8') }
  const result: DiffResult = await engine.diff({
    from: { tag: 'schemaDatasource', files: [schema], configDir: path.dirname(schemaFile) },
    to: { tag: 'schemaDatamodel', files: [schema] },
    script: true,
    exitCode: true,
    filters: { externalTables: [], externalEnums: [] },
  })
  return result.exitCode === 2 ? (result.stdout ?? '') : ''
}

async function loadEngine(): Promise<void> {
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: console.error } })
  const module = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const bytes = await readFile(fileURLToPath(new URL('schema_engine_bg.wasm', module)))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...bindings } })
  bindings.__wbg_set_wasm(instance.exports)
  const start = instance.exports['__wbindgen_start'] as () => void
  start()
}

/** Has a client of its own: a pool ends before its connection does, which a server that stops then breaks. */
async function createCatalogueAdapter(url: string): Promise<SqlDriverAdapter & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    provider: 'postgres',
    adapterName: 'pg',
    queryRaw: (query) => queryCatalogue(client, query),
    executeRaw: async (query) => (await client.query(query.sql, query.args)).rowCount ?? 0,
    executeScript: () => Promise.reject(new Error('A diff runs no scripts')),
    startTransaction: () => Promise.reject(new Error('A diff needs no transactions')),
    getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: true }),
    dispose: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => client.end(),
  }
}

async function queryCatalogue(client: pg.Client, { sql, args }: SqlQuery): Promise<SqlResultSet> {
  const { fields, rows } = await client.query<unknown[]>({ text: sql, values: args, rowMode: 'array' })
  const columnTypes = fields.map(({ name, dataTypeID }) => {
    const type = COLUMN_TYPES.get(dataTypeID)
    if (type === undefined) throw new Error(`No mapping for type ${dataTypeID} of column ${name}`)
    return type
  })
  return { columnNames: fields.map(({ name }) => name), columnTypes, rows }
}
