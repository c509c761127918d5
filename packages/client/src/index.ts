export type * from './api.ts'
export { createParleyClient } from './client.ts'
export { ParleyError } from './errors.ts'
export { memoryStorage } from './storage/memory-storage.ts'
