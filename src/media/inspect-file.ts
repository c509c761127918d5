import { fileTypeFromFile } from 'file-type'
import type { Attachment } from '../events/attachment.ts'
import { IMAGE_TYPES, kindOf, renamed } from './file-kind.ts'
import { type ImageLimits, inspectImage, type InspectedImage } from './inspect-image.ts'

/** A file to inspect. */
export type InspectionJob = Readonly<{
  /** The uploaded bytes. Not changed. */
  path: string
  /** An empty folder for what an image becomes. */
  folder: string
  fileName: string
  declaredType: string
  byteSize: number
  limits: ImageLimits
}>

/** The kind and size of the file. If it is an image, its files are in the folder. */
export type InspectionResult = Omit<Attachment, 'id' | 'altText'>

/** Inspects one file. Runs in a process of its own, see `createInspector`. */
export async function inspectFile(job: InspectionJob): Promise<InspectionResult> {
  const { path, folder, fileName, declaredType, byteSize, limits } = job
  const detected = (await fileTypeFromFile(path))?.mime
  const image =
    detected !== undefined && IMAGE_TYPES.has(detected) ? await tryImage(path, folder, limits) : undefined
  if (image === undefined || detected === undefined) {
    const none = { width: null, height: null, thumbhash: null, hasThumbnails: false }
    return { ...kindOf(detected, declaredType), ...none, fileName, byteSize }
  }
  return {
    kind: 'IMAGE',
    hasThumbnails: true,
    ...image,
    fileName: renamed(fileName, declaredType, image.contentType),
  }
}

/** An image that cannot be encoded again is a file like others. */
async function tryImage(
  path: string,
  folder: string,
  limits: ImageLimits,
): Promise<InspectedImage | undefined> {
  try {
    return await inspectImage(path, folder, limits)
  } catch {
    return undefined
  }
}
