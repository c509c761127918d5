export { parleyCacheConfig } from './cache-config.ts'
export { parleyExchange } from './parley-exchange.ts'
