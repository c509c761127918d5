import type { Cache, CacheExchangeOpts, Resolver } from '@urql/exchange-graphcache'
import { CONNECTIONS, EMBEDDED, ENTITIES, LOOKUPS, POSSIBLE_TYPES } from '@parley/client/engine'

type Keys = NonNullable<CacheExchangeOpts['keys']>
type Resolvers = Record<string, Record<string, Resolver>>

/** The engine writes a connection without arguments. That list stands for each page of it, once it is there. */
const connection: Resolver = (_parent, args, cache, { parentKey, fieldName }) => {
  const whole = cache.resolve(parentKey, fieldName)
  if (typeof whole !== 'string') return cache.resolve(parentKey, fieldName, args)
  // Items that are not loaded yet have to be asked for.
  return isBefore(cache, whole, args['before']) ? undefined : whole
}

function isBefore(cache: Cache, whole: string, before: unknown): boolean {
  const pageInfo = cache.resolve(whole, 'pageInfo')
  if (typeof before !== 'string' || typeof pageInfo !== 'string') return false
  return (
    cache.resolve(pageInfo, 'startCursor') === before && cache.resolve(pageInfo, 'hasPreviousPage') === true
  )
}

/** An object that the engine has written is found by its id, without a query before. */
function lookup(type: string): Resolver {
  return (_parent, args, cache, { parentKey, fieldName }) => {
    const known = cache.resolve(parentKey, fieldName, args)
    return known === undefined && typeof args['id'] === 'string'
      ? { __typename: type, id: args['id'] }
      : known
  }
}

function toResolvers(): Resolvers {
  const resolvers: Resolvers = {}
  for (const [type, field] of CONNECTIONS) (resolvers[type] ??= {})[field] = connection
  for (const [field, type] of LOOKUPS) (resolvers['Query'] ??= {})[field] = lookup(type)
  return resolvers
}

function toKeys(): Keys {
  const embedded = EMBEDDED.map((type): [string, Keys[string]] => [type, () => null])
  const entities = ENTITIES.map((type): [string, Keys[string]] => [
    type,
    ({ id }) => (typeof id === 'string' ? id : null),
  ])
  return Object.fromEntries([...embedded, ...entities])
}

/**
 * How graphcache keeps the types of Parley: spread it into the options of `cacheExchange`. It is made from tables that
 * are generated from the schema.
 */
export const parleyCacheConfig: Readonly<{
  keys: Keys
  resolvers: Resolvers
  possibleTypes: Record<string, string[]>
}> = {
  keys: toKeys(),
  resolvers: toResolvers(),
  possibleTypes: Object.fromEntries(
    Object.entries(POSSIBLE_TYPES).map(([type, possible]) => [type, [...possible]]),
  ),
}
