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
 * What one operation may ask for. Fragments count as if they were written out wherever they are spread, so that they
 * can't be used to say much in few words. The introspection query of graphql-js just fits: it is 15 levels deep.
 */
export const LIMITS = {
  /** Of the whole document; comments count apart. */
  tokens: 2_000,
  comments: 5_000,
  depth: 15,
  aliases: 50,
  fields: 1_000,
  rootFields: 20,
  /** On one place. */
  directives: 5,
} as const

/** How much a selection asks for, fragments written out. */
type Extent = Readonly<{ depth: number; aliases: number; fields: number; rootFields: number }>

const NOTHING: Extent = { depth: 0, aliases: 0, fields: 0, rootFields: 0 }

const LIMITED = [
  ['depth', 'levels of fields'],
  ['aliases', 'aliases'],
  ['fields', 'fields'],
  ['rootFields', 'root fields'],
] as const satisfies readonly (readonly [keyof Extent, string])[]

/**
 * Parses a document, or throws a GraphQLError that names the limit it exceeds. Counting comes with parsing, so that a
 * document from a cache has been counted already, and so that validation, whose cost grows with the square of some of
 * these numbers, never sees an excessive one.
 */
export function parseWithinLimits(source: string | Source, options: ParseOptions = {}): DocumentNode {
  const document = parse(source, {
    ...options,
    maxLexicalTokens: LIMITS.tokens,
    maxComments: LIMITS.comments,
  })
  const extentOf = createExtents(document)
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) checkOperation(definition, extentOf)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) checkFragment(definition, extentOf)
  }
  return document
}

type ExtentOf = (set: SelectionSetNode) => Extent

/** Measured for the directives in it; what it adds to an operation is counted there. */
function checkFragment(fragment: FragmentDefinitionNode, extentOf: ExtentOf): void {
  checkDirectives(fragment)
  extentOf(fragment.selectionSet)
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

function exceeded(node: ASTNode, name: string, limit: number, found: number): GraphQLError {
  return new GraphQLError(`An operation may have at most ${limit} ${name}, not ${found}.`, { nodes: node })
}

/** Measures each fragment once, however often it is spread: the cost is linear in the document's size. */
function createExtents(document: DocumentNode): ExtentOf {
  const fragments = new Map(document.definitions.filter(isFragment).map((node) => [node.name.value, node]))
  const measured = new Map<string, Extent>()

  function ofSet({ selections }: SelectionSetNode): Extent {
    return selections.map(ofSelection).reduce(together, NOTHING)
  }

  function ofSelection(node: SelectionNode): Extent {
    checkDirectives(node)
    switch (node.kind) {
      case Kind.FRAGMENT_SPREAD:
        return ofFragment(node.name.value)
      case Kind.INLINE_FRAGMENT:
        return ofSet(node.selectionSet)
      case Kind.FIELD: {
        const inner = node.selectionSet === undefined ? NOTHING : ofSet(node.selectionSet)
        const aliases = inner.aliases + (node.alias === undefined ? 0 : 1)
        return { depth: inner.depth + 1, aliases, fields: inner.fields + 1, rootFields: 1 }
      }
    }
  }

  /** A cycle ends here, counted as nothing: validation refuses it. */
  function ofFragment(name: string): Extent {
    const known = measured.get(name)
    if (known !== undefined) return known
    measured.set(name, NOTHING)
    const fragment = fragments.get(name)
    const extent = fragment === undefined ? NOTHING : ofSet(fragment.selectionSet)
    measured.set(name, extent)
    return extent
  }

  return ofSet
}

function isFragment(node: ASTNode): node is FragmentDefinitionNode {
  return node.kind === Kind.FRAGMENT_DEFINITION
}

function together(a: Extent, b: Extent): Extent {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: a.aliases + b.aliases,
    fields: a.fields + b.fields,
    rootFields: a.rootFields + b.rootFields,
  }
}
