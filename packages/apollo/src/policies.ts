import type { FieldPolicy, Reference, TypePolicies, TypePolicy } from '@apollo/client'
import { CONNECTIONS, EMBEDDED, ENTITIES, LOOKUPS, POSSIBLE_TYPES } from '@parley/client/engine'

type Edge = Readonly<{ node: Reference }>
type PageInfo = Readonly<Record<string, unknown>>
type Connection = Readonly<{ edges?: readonly Edge[]; pageInfo?: PageInfo }>

/**
 * A connection is one list in the cache, whatever its arguments. A page is joined to what is there. Once the engine has
 * loaded the list, it replaces the whole of it with each change.
 */
const connection: FieldPolicy<Connection> = {
  keyArgs: false,
  merge(existing, incoming, { args }) {
    const before = existing?.edges ?? []
    const page = incoming.edges
    if (existing === undefined || page === undefined) return { ...existing, ...incoming }
    const refs = new Set(page.map(({ node }) => node.__ref))
    const others = before.filter(({ node }) => !refs.has(node.__ref))
    const isOlder = typeof args?.['before'] === 'string'
    const isNewest = typeof args?.['last'] === 'number' && !isOlder
    const joined = isOlder ? [...page, ...others] : [...others, ...page]
    // A page in the middle of the list replaces its items where they are.
    const edges = joined.length === before.length ? replaceIn(before, page) : joined
    const isWider = others.length > 0 && isNewest
    return { ...existing, ...incoming, edges, pageInfo: joinPageInfo(existing, incoming, isOlder, isWider) }
  },
}

function replaceIn(edges: readonly Edge[], page: readonly Edge[]): readonly Edge[] {
  const byRef = new Map(page.map((edge) => [edge.node.__ref, edge]))
  return edges.map((edge) => byRef.get(edge.node.__ref) ?? edge)
}

function joinPageInfo(
  { pageInfo: before }: Connection,
  { pageInfo: page }: Connection,
  isOlder: boolean,
  isWider: boolean,
): PageInfo {
  const { hasPreviousPage, startCursor } = (isWider ? before : page) ?? {}
  const { hasNextPage, endCursor } = (isOlder ? before : page) ?? {}
  return { ...before, ...page, hasPreviousPage, startCursor, hasNextPage, endCursor }
}

/** An object of a document without `id` stays inside its parent, as it does without a policy. */
const keyFields: NonNullable<TypePolicy['keyFields']> = ({ id }) => (typeof id === 'string' ? ['id'] : false)

/** Made from the tables that are generated from the schema, so a new type or connection needs no work here. */
function toTypePolicies(): TypePolicies {
  const policies: Record<string, TypePolicy & { fields: Record<string, FieldPolicy> }> = {}
  for (const type of ENTITIES) policies[type] = { keyFields, merge: true, fields: {} }
  for (const type of EMBEDDED) policies[type] = { keyFields: false, merge: true, fields: {} }
  policies['Query'] = { fields: {} }
  for (const [type, field] of CONNECTIONS) {
    const policy = policies[type]
    if (policy !== undefined) policy.fields[field] = connection
  }
  // An object that the engine has written is found by its id, without a query before.
  for (const [field, type] of LOOKUPS) {
    policies['Query'].fields[field] = {
      read: (existing: unknown, { args, toReference, canRead }) => {
        if (existing !== undefined || typeof args?.['id'] !== 'string') return existing
        const reference = toReference({ __typename: type, id: args['id'] })
        return canRead(reference) ? reference : existing
      },
    }
  }
  return policies
}

/** How a cache keeps the types of Parley. `createParleyApollo` adds it to the cache. */
export const parleyTypePolicies: TypePolicies = toTypePolicies()

/** The object types of each interface and union. */
export const parleyPossibleTypes: Record<string, string[]> = Object.fromEntries(
  Object.entries(POSSIBLE_TYPES).map(([type, possible]) => [type, [...possible]]),
)
