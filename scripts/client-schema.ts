import { readFile, writeFile } from 'node:fs/promises'
import { format, resolveConfig } from 'prettier'
import {
  buildSchema,
  getNamedType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
} from 'graphql'

// Writes what a client-side cache has to know of schema.graphql. With --check it only compares the file.
const SCHEMA = new URL('../schema.graphql', import.meta.url)
const FILE = new URL('../packages/client/src/engine/schema.ts', import.meta.url)

const schema = buildSchema(await readFile(SCHEMA, 'utf8'))
const named = Object.values(schema.getTypeMap())
  .filter(({ name }) => !name.startsWith('__'))
  .toSorted((a, b) => (a.name < b.name ? -1 : 1))
const objects = named.filter(isObjectType)

function fieldsOf(type: GraphQLObjectType): [string, GraphQLNamedType][] {
  return Object.values(type.getFields())
    .map(({ name, type: field }): [string, GraphQLNamedType] => [name, getNamedType(field)])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function hasField(type: GraphQLNamedType, field: string): type is GraphQLObjectType {
  return isObjectType(type) && type.getFields()[field] !== undefined
}

const isConnection = (type: GraphQLNamedType): boolean =>
  hasField(type, 'edges') && hasField(type, 'pageInfo')
const rootTypes = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
const isRoot = (type: GraphQLObjectType): boolean => rootTypes.includes(type)

const entities = objects.filter((type) => hasField(type, 'id'))
const tables = {
  /** The type of each field, without list and non-null. */
  FIELDS: Object.fromEntries(
    objects.map((type) => [
      type.name,
      Object.fromEntries(fieldsOf(type).map(([field, { name }]) => [field, name])),
    ]),
  ),
  POSSIBLE_TYPES: Object.fromEntries(
    named.filter(isAbstractType).map((type) => [
      type.name,
      schema
        .getPossibleTypes(type)
        .map(({ name }) => name)
        .toSorted(),
    ]),
  ),
  ENTITIES: entities.map(({ name }) => name),
  EMBEDDED: objects.filter((type) => !entities.includes(type) && !isRoot(type)).map(({ name }) => name),
  CONNECTIONS: objects.flatMap((type) =>
    fieldsOf(type).flatMap(([field, result]) => (isConnection(result) ? [[type.name, field]] : [])),
  ),
  LOOKUPS: Object.values(schema.getQueryType()?.getFields() ?? {}).flatMap(({ name, args, type }) => {
    const result = getNamedType(type)
    const isById = args.length === 1 && args[0]?.name === 'id'
    if (!isById) return []
    if (isInterfaceType(result)) return []
    return entities.some((entity) => entity === result) ? [[name, result.name]] : []
  }),
}

const source = `// Written by \`npm run generate:client-schema\` from schema.graphql. Do not edit.

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The type of each field of each object type, without list and non-null. */
export const FIELDS: Table = ${JSON.stringify(tables.FIELDS)}

/** The object types of each interface and union. */
export const POSSIBLE_TYPES: Readonly<Record<string, readonly string[]>> = ${JSON.stringify(tables.POSSIBLE_TYPES)}

/** Object types with a global id. A cache keeps each object once. */
export const ENTITIES: readonly string[] = ${JSON.stringify(tables.ENTITIES)}

/** Object types without an id. A cache keeps them inside the object that names them. */
export const EMBEDDED: readonly string[] = ${JSON.stringify(tables.EMBEDDED)}

/** Fields that are Relay connections, by type and field. A cache keeps one merged list of each. */
export const CONNECTIONS: readonly (readonly [type: string, field: string])[] = ${JSON.stringify(tables.CONNECTIONS)}

/** Fields of \`Query\` that find an entity by its id, with its type. */
export const LOOKUPS: readonly (readonly [field: string, type: string])[] = ${JSON.stringify(tables.LOOKUPS)}
`
const options = await resolveConfig(new URL('../package.json', import.meta.url))
const text = await format(source, { ...options, parser: 'typescript' })

if (!process.argv.includes('--check')) {
  await writeFile(FILE, text)
} else if ((await readFile(FILE, 'utf8').catch(() => '')) !== text) {
  console.error(
    'packages/client/src/engine/schema.ts does not match schema.graphql: run `npm run generate:client-schema`',
  )
  process.exitCode = 1
}
