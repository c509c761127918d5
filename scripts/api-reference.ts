import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLEnumType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLScalarType,
  type GraphQLSchema,
  type GraphQLType,
  type GraphQLUnionType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql'

type Fields = Readonly<Record<string, GraphQLField<unknown, unknown>>>

/** Returns the pages of the API reference as Markdown, by file name: one for each kind of element. */
export function referencePages(schema: GraphQLSchema): ReadonlyMap<string, string> {
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const uses = usesOf(schema, types)
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const objects = types.filter(isObjectType).filter((type) => !roots.includes(type))
  const abstract = types.filter((type) => isInterfaceType(type) || isUnionType(type))
  const enums = types.filter(isEnumType)
  const scalars = types.filter(isScalarType)
  const inputs = types.filter(isInputObjectType)
  return new Map([
    ['README.md', indexPage(schema, { objects, abstract, enums, scalars, inputs })],
    ['queries.md', rootPage('Queries', schema.getQueryType())],
    ['mutations.md', rootPage('Mutations', schema.getMutationType())],
    ['subscriptions.md', rootPage('Subscriptions', schema.getSubscriptionType())],
    [
      'objects.md',
      page('Objects', 'Objects, and the interfaces and unions that group them.', [
        ...objects.map((type) => objectSection(type, uses)),
        ...abstract.map((type) => abstractSection(schema, type, uses)),
      ]),
    ],
    [
      'enums.md',
      page('Enums and scalars', 'Clients must accept unknown enum values, because values may be added.', [
        ...enums.map((type) => enumSection(type, uses)),
        ...scalars.map((type) => scalarSection(type, uses)),
      ]),
    ],
    [
      'inputs.md',
      page(
        'Inputs',
        'The input objects of mutations. A field without `!` is optional.',
        inputs.map((type) => inputSection(type, uses)),
      ),
    ],
  ])
}

type Groups = Readonly<
  Record<'objects' | 'abstract' | 'enums' | 'scalars' | 'inputs', readonly GraphQLNamedType[]>
>

function indexPage(schema: GraphQLSchema, groups: Groups): string {
  const rootList = (title: string, file: string, type: GraphQLObjectType | null | undefined): string =>
    `## [${title}](${file})\n\n${list(Object.keys(type?.getFields() ?? {}).map((name) => `[${name}](${file}#${anchor(name)})`))}`
  const typeList = (title: string, file: string, types: readonly GraphQLNamedType[]): string =>
    `## [${title}](${file})\n\n${types.map((type) => link(type)).join(' · ')}`
  return [
    '# API reference',
    `This reference is generated from the schema by \`npm run docs:api\`. [PROTOCOL.md](../../PROTOCOL.md) explains how the parts
work together: signing in, the inbox, errors and limits. [schema.graphql](../../schema.graphql) is the same schema as SDL.`,
    rootList('Queries', 'queries.md', schema.getQueryType()),
    rootList('Mutations', 'mutations.md', schema.getMutationType()),
    rootList('Subscriptions', 'subscriptions.md', schema.getSubscriptionType()),
    typeList('Objects', 'objects.md', groups.objects),
    typeList('Interfaces and unions', 'objects.md', groups.abstract),
    typeList('Enums and scalars', 'enums.md', [...groups.enums, ...groups.scalars]),
    typeList('Inputs', 'inputs.md', groups.inputs),
  ].join('\n\n')
}

function rootPage(title: string, type: GraphQLObjectType | null | undefined): string {
  const fields: Fields = type?.getFields() ?? {}
  return page(title, type?.description ?? '', Object.values(fields).map(operationSection))
}

function page(title: string, introduction: string, sections: readonly string[]): string {
  return [`# ${title}`, introduction, '[All pages](README.md)', ...sections].join('\n\n')
}

/** Returns the section of an operation. Lists the fields of an input object too, since most have just this argument. */
function operationSection(field: GraphQLField<unknown, unknown>): string {
  const rows = field.args.flatMap((arg) => {
    const type = getNamedType(arg.type)
    const own = [code(arg.name), typeText(arg.type), defaultText(arg), cell(arg)]
    const inner = isInputObjectType(type)
      ? Object.values(type.getFields()).map((inside) => inputRow(inside, `${arg.name}.`))
      : []
    return [own, ...inner]
  })
  return [
    `## ${field.name}`,
    field.description ?? '',
    rows.length === 0 ? '' : table(['argument', 'type', 'default', 'meaning'], rows),
    resultText(field.type),
  ].join('\n\n')
}

/** A payload belongs to one mutation, so its fields are listed there. */
function resultText(type: GraphQLType): string {
  const named = getNamedType(type)
  if (!isObjectType(named) || !named.name.endsWith('Payload')) return `Returns ${typeText(type)}.`
  const rows = Object.values(named.getFields()).map((field) => [
    code(field.name),
    typeText(field.type),
    cell(field),
  ])
  return `Returns ${typeText(type)}:\n\n${table(['field', 'type', 'meaning'], rows)}`
}

function objectSection(type: GraphQLObjectType, uses: Uses): string {
  const parents = type.getInterfaces().map((parent) => link(parent))
  return [
    `## ${type.name}`,
    type.description ?? '',
    parents.length === 0 ? '' : `Implements ${parents.join(', ')}.`,
    fieldTables(type),
    usedBy(type, uses),
  ].join('\n\n')
}

function abstractSection(
  schema: GraphQLSchema,
  type: GraphQLInterfaceType | GraphQLUnionType,
  uses: Uses,
): string {
  const members = schema.getPossibleTypes(type).toSorted((one, other) => (one.name < other.name ? -1 : 1))
  return [
    `## ${type.name}`,
    type.description ?? '',
    `${isUnionType(type) ? 'A union of' : 'An interface of'} ${members.map((member) => link(member)).join(', ')}.`,
    isInterfaceType(type) ? fieldTables(type) : '',
    usedBy(type, uses),
  ].join('\n\n')
}

function fieldTables(type: GraphQLObjectType | GraphQLInterfaceType): string {
  const fields = Object.values<GraphQLField<unknown, unknown>>(type.getFields())
  const rows = fields.map((field) => [code(field.name), typeText(field.type), cell(field)])
  const argumentTables = fields
    .filter(({ args }) => args.length > 0)
    .map(({ name, args }) => {
      const argRows = args.map((arg) => [code(arg.name), typeText(arg.type), defaultText(arg), cell(arg)])
      return `Arguments of \`${name}\`:\n\n${table(['argument', 'type', 'default', 'meaning'], argRows)}`
    })
  return [table(['field', 'type', 'meaning'], rows), ...argumentTables].join('\n\n')
}

function enumSection(type: GraphQLEnumType, uses: Uses): string {
  const rows = type.getValues().map((value) => [code(value.name), cell(value)])
  return [
    `## ${type.name}`,
    type.description ?? '',
    table(['value', 'meaning'], rows),
    usedBy(type, uses),
  ].join('\n\n')
}

function scalarSection(type: GraphQLScalarType, uses: Uses): string {
  const { specifiedByURL: url } = type
  const specification = url === undefined || url === null ? '' : `Specified by <${url}>.`
  return [`## ${type.name}`, type.description ?? '', specification, usedBy(type, uses)].join('\n\n')
}

function inputSection(type: GraphQLInputObjectType, uses: Uses): string {
  const rows = Object.values(type.getFields()).map((field) => inputRow(field))
  return [
    `## ${type.name}`,
    type.description ?? '',
    table(['field', 'type', 'default', 'meaning'], rows),
    usedBy(type, uses),
  ].join('\n\n')
}

function inputRow(field: GraphQLInputField, prefix = ''): readonly string[] {
  return [code(`${prefix}${field.name}`), typeText(field.type), defaultText(field), cell(field)]
}

/** By the name of a type, links to the fields and arguments that have it. */
type Uses = ReadonlyMap<string, ReadonlySet<string>>

function usesOf(schema: GraphQLSchema, types: readonly GraphQLNamedType[]): Uses {
  const uses = new Map<string, Set<string>>()
  const add = (type: GraphQLType, user: string): void => {
    const { name } = getNamedType(type)
    uses.set(name, (uses.get(name) ?? new Set()).add(user))
  }
  const rootFiles = new Map([
    [schema.getQueryType(), 'queries.md'],
    [schema.getMutationType(), 'mutations.md'],
    [schema.getSubscriptionType(), 'subscriptions.md'],
  ])
  for (const type of types) {
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) add(field.type, link(type, field.name))
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue
    const file = isObjectType(type) ? rootFiles.get(type) : undefined
    for (const field of Object.values<GraphQLField<unknown, unknown>>(type.getFields())) {
      const user =
        file === undefined ? link(type, field.name) : `[${field.name}](${file}#${anchor(field.name)})`
      add(field.type, user)
      for (const arg of field.args) add(arg.type, user)
    }
  }
  return uses
}

function usedBy(type: GraphQLNamedType, uses: Uses): string {
  const users = uses.get(type.name)
  return users === undefined ? '' : `Used by ${[...users].join(', ')}.`
}

type Described = Readonly<{ description?: string | null | undefined }>

/** Returns the description as one line of Markdown, since a table cell has no paragraphs and lists. */
function cell({ description }: Described): string {
  return (description ?? '')
    .replaceAll('|', '\\|')
    .replaceAll(/\n+- /g, '<br>– ')
    .replaceAll(/\n{2,}/g, '<br>')
    .replaceAll('\n', ' ')
}

function defaultText({ defaultValue }: GraphQLArgument | GraphQLInputField): string {
  return defaultValue === undefined ? '' : code(JSON.stringify(defaultValue))
}

/** Returns a type with a link to it, such as `[Chat](objects.md#chat)!`. */
function typeText(type: GraphQLType): string {
  if (isNonNullType(type)) return `${typeText(type.ofType)}!`
  if (isListType(type)) return `\\[${typeText(type.ofType)}\\]`
  return isSpecifiedScalarType(type) ? type.name : link(type)
}

function link(type: GraphQLNamedType, fieldName?: string): string {
  const name = fieldName === undefined ? type.name : `${type.name}.${fieldName}`
  return `[${name}](${fileOf(type)}#${anchor(type.name)})`
}

function fileOf(type: GraphQLNamedType): string {
  if (isInputObjectType(type)) return 'inputs.md'
  return isEnumType(type) || isScalarType(type) ? 'enums.md' : 'objects.md'
}

function anchor(heading: string): string {
  return heading.toLowerCase()
}

function code(text: string): string {
  return `\`${text}\``
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

/** Leaves out a column that is empty in all rows. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = head.map((_, index) => index).filter((index) => rows.some((row) => row[index] !== ''))
  const line = (cells: readonly string[]): string => `| ${columns.map((index) => cells[index]).join(' | ')} |`
  return [line(head), `| ${columns.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n')
}
