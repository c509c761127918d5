/*
 * Files of messages: sending them, and showing those that others have sent. An entry of its own, so that apps without
 * files do not load its code.
 */
export { altTextOf, withAltText } from './uploads/alt-text.ts'
export { type AttachmentStore, attachmentStore } from './uploads/attachment-store.ts'
export { fileUploads, type FileUploadsOptions } from './uploads/file-uploads.ts'
