import type { MediaLocation } from '../config/fields.ts'
import { createLocalStorage } from './local-storage.ts'
import { createS3Storage } from './s3-storage.ts'
import { type Pace, unpaced } from './pace.ts'
import type { MediaStorage } from './storage.ts'

/** Returns the storage at a location. It connects with the first use. */
export function openStorage(location: MediaLocation, pace: Pace = unpaced): MediaStorage {
  return location.type === 'file'
    ? createLocalStorage(location.folder, pace)
    : createS3Storage(location, pace)
}
