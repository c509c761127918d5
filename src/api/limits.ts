import { GraphQLError, Kind, parse } from 'graphql'
import type {
  ASTNode,
  DirectiveNode,
  DocumentNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  ParseOptions,
  SelectionNode,
  SelectionSetNode,
  Source,
} from 'graphql'

/**
 * The limits of one operation. A fragment counts at each place where it is spread, so that fragments cannot multiply
 * the cost of a short document. The introspection query of graphql-js just fits: it is 15 levels deep.
 */
export const LIMITS = {
  /** In the whole document. Comments have a limit of their own. */
  tokens: 2_000,
  comments: 5_000,
  depth: 15,
  aliases: 50,
  fields: 1_000,
  rootFields: 20,
  /** At one place. */
  directives: 5,
  /** Definitions in the whole document. */
  fragments: 100,
  /** In the whole document. Rules of validation compare each spread with others. */
  spreads: 200,
  /** Fragments that spread each other in a chain. Validation takes time quadratic in it. */
  fragmentDepth: 20,
} as const

/** The size of a selection, with its fragments expanded. */
type Extent = Readonly<{
  depth: number
  aliases: number
  fields: number
  rootFields: number
  fragmentDepth: number
}>

const EMPTY: Extent = { depth: 0, aliases: 0, fields: 0, rootFields: 0, fragmentDepth: 0 }

const LIMITED = [
  ['depth', 'levels of fields'],
  ['aliases', 'aliases'],
  ['fields', 'fields'],
  ['rootFields', 'root fields'],
  ['fragmentDepth', 'levels of fragments'],
] as const satisfies readonly (readonly [keyof Extent, string])[]

/**
 * Parses a document. Throws a GraphQLError that names the limit it exceeds. The limits are checked when parsing,
 * because a cached document is then checked only once, and because validation takes time quadratic in some of these
 * numbers.
 */
export function parseWithinLimits(source: string | Source, options: ParseOptions = {}): DocumentNode {
  const document = parse(source, {
    ...options,
    maxLexicalTokens: LIMITS.tokens,
    maxComments: LIMITS.comments,
  })
  checkFragments(document)
  const { extentOf, spreadCount } = createExtents(document)
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) checkOperation(definition, extentOf)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) checkFragment(definition, extentOf)
  }
  const spreads = spreadCount()
  if (spreads > LIMITS.spreads) throw exceeded(undefined, 'fragment spreads', LIMITS.spreads, spreads)
  return document
}

function checkFragments({ definitions }: DocumentNode): void {
  const fragments = definitions.filter(isFragment)
  const tooMany = fragments[LIMITS.fragments]
  if (tooMany !== undefined) throw exceeded(tooMany, 'fragments', LIMITS.fragments, fragments.length)
}

type ExtentOf = (set: SelectionSetNode) => Extent

/** Checks the directives inside the fragment. Its other costs count in the operations that spread it. */
function checkFragment(fragment: FragmentDefinitionNode, extentOf: ExtentOf): void {
  checkDirectives(fragment)
  const { fragmentDepth } = extentOf(fragment.selectionSet)
  if (fragmentDepth > LIMITS.fragmentDepth)
    throw exceeded(fragment, 'levels of fragments', LIMITS.fragmentDepth, fragmentDepth)
}

function checkOperation(operation: OperationDefinitionNode, extentOf: ExtentOf): void {
  checkDirectives(operation)
  for (const variable of operation.variableDefinitions ?? []) checkDirectives(variable)
  const extent = extentOf(operation.selectionSet)
  for (const [limit, name] of LIMITED) {
    if (extent[limit] > LIMITS[limit]) throw exceeded(operation, name, LIMITS[limit], extent[limit])
  }
}

function checkDirectives(node: ASTNode & { readonly directives?: readonly DirectiveNode[] }): void {
  const count = node.directives?.length ?? 0
  if (count > LIMITS.directives) throw exceeded(node, 'directives in one place', LIMITS.directives, count)
}

function exceeded(node: ASTNode | undefined, name: string, limit: number, found: number): GraphQLError {
  return new GraphQLError(
    `The operation has ${found} ${name}; at most ${limit} are allowed. Split it into smaller operations.`,
    { nodes: node ?? null },
  )
}

/** Measures each fragment once, however often it is spread, so that the cost is linear in the size of the document. */
function createExtents(
  document: DocumentNode,
): Readonly<{ extentOf: ExtentOf; /** The spreads measured so far. */ spreadCount(): number }> {
  let spreads = 0
  const fragments = new Map(document.definitions.filter(isFragment).map((node) => [node.name.value, node]))
  const measured = new Map<string, Extent>()

  function ofSet({ selections }: SelectionSetNode): Extent {
    return selections.map(ofSelection).reduce(add, EMPTY)
  }

  function ofSelection(node: SelectionNode): Extent {
    checkDirectives(node)
    switch (node.kind) {
      case Kind.FRAGMENT_SPREAD: {
        spreads += 1
        const extent = ofFragment(node.name.value)
        return { ...extent, fragmentDepth: extent.fragmentDepth + 1 }
      }
      case Kind.INLINE_FRAGMENT:
        return ofSet(node.selectionSet)
      case Kind.FIELD: {
        const inner = node.selectionSet === undefined ? EMPTY : ofSet(node.selectionSet)
        const aliases = inner.aliases + (node.alias === undefined ? 0 : 1)
        return { ...inner, depth: inner.depth + 1, aliases, fields: inner.fields + 1, rootFields: 1 }
      }
    }
  }

  /** A cycle counts as empty: validation rejects it. */
  function ofFragment(name: string): Extent {
    const known = measured.get(name)
    if (known !== undefined) return known
    measured.set(name, EMPTY)
    const fragment = fragments.get(name)
    const extent = fragment === undefined ? EMPTY : ofSet(fragment.selectionSet)
    measured.set(name, extent)
    return extent
  }

  return { extentOf: ofSet, spreadCount: () => spreads }
}

function isFragment(node: ASTNode): node is FragmentDefinitionNode {
  return node.kind === Kind.FRAGMENT_DEFINITION
}

function add(a: Extent, b: Extent): Extent {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: a.aliases + b.aliases,
    fields: a.fields + b.fields,
    rootFields: a.rootFields + b.rootFields,
    fragmentDepth: Math.max(a.fragmentDepth, b.fragmentDepth),
  }
}
