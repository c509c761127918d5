import type { Readable } from 'node:stream'

/** The bytes from `first` to `last`, both included, counted from 0. */
export type ByteRange = Readonly<{ first: number; last: number }>

/** An object in the storage. */
export type StoredObject = Readonly<{ name: string; byteSize: number; modifiedAt: Date }>

/** How a browser is to treat an object that it fetches from the storage itself. */
export type ObjectHeaders = Readonly<{ contentType: string; disposition: string }>

/**
 * Keeps files. The name of an object is `<folder>/<attempt>/<file>`, each part of which Parley chose; users choose none
 * of it. An object never changes. Laws:
 *
 * - `put` is atomic: the object is there with all of its bytes, or it is not there.
 * - An object whose `put` has resolved survives the death of the gateway.
 * - `remove` of what is not there succeeds, so it may be repeated.
 * - Nothing is ever wholly in memory.
 */
export type MediaStorage = Readonly<{
  /** Where this gateway collects bytes before `put`, on this machine. */
  incomingFolder: string
  /** Stores a file of `incomingFolder`, which is gone afterwards. Replaces an object of the same name. */
  put(name: string, file: string): Promise<void>
  /** Returns the size of an object; undefined if there is none. */
  sizeOf(name: string): Promise<number | undefined>
  /** Reads an object, or a part of it. Rejects if there is none. */
  read(name: string, range?: ByteRange): Promise<Readable>
  /** Returns an address that serves the object for a minute; undefined if only this gateway can serve it. */
  directUrl(name: string, headers: ObjectHeaders): Promise<string | undefined>
  /** Removes the folder with everything in it. */
  remove(folder: string): Promise<void>
  /** Yields the objects of a folder, or all. */
  list(folder?: string): AsyncIterable<StoredObject>
  /** Rejects, with the reason, unless objects can be stored, read and removed. */
  probe(): Promise<void>
  /** Removes what gateways that died have left in their incoming folders. */
  tidy(): Promise<void>
  close(): Promise<void>
}>
