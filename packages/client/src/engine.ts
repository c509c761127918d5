/*
 * The engine of a client, for packages that keep its state in another cache. Apps do not need it. It may change in
 * any version, together with the packages of the same version.
 */
export { type Bridge, createBridge } from './engine/bridge.ts'
export { type Projection, PROJECTION } from './engine/projection.ts'
export { reduceTo } from './engine/reduce.ts'
export { CONNECTIONS, EMBEDDED, ENTITIES, FIELDS, LOOKUPS, POSSIBLE_TYPES } from './engine/schema.ts'
export type { Document, GraphObject, Variables } from './engine/select.ts'
export { withIds } from './engine/with-ids.ts'
