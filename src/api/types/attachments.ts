import type { Builder } from '../builder.ts'
import { SHARED } from '../selection-sharing.ts'

/**
 * The types of attachments. The server has no uploads yet, so no object has these types. A signed URL belongs to one
 * viewer: the resolver that creates the object has to take the viewer from the context.
 */
export function defineAttachments(builder: Builder): void {
  builder.enumType('AttachmentKind', { values: ['IMAGE', 'VIDEO', 'AUDIO', 'FILE'] as const })
  builder.objectType('Attachment', {
    interfaces: ['Node'],
    fields: (t) => ({
      id: t.id({ ...SHARED, resolve: (attachment) => attachment.id }),
      kind: t.expose('kind', { ...SHARED, type: 'AttachmentKind' }),
      fileName: t.exposeString('fileName', SHARED),
      contentType: t.exposeString('contentType', SHARED),
      byteSize: t.exposeInt('byteSize', SHARED),
      width: t.exposeInt('width', { ...SHARED, nullable: true }),
      height: t.exposeInt('height', { ...SHARED, nullable: true }),
      thumbhash: t.exposeString('thumbhash', { ...SHARED, nullable: true }),
      url: t.exposeString('url', SHARED),
      urlExpiresAt: t.expose('urlExpiresAt', { ...SHARED, type: 'DateTime' }),
      thumbnailUrl: t.string({
        ...SHARED,
        nullable: true,
        args: { maxEdge: t.arg.int({ defaultValue: 320 }) },
        resolve: () => null,
      }),
    }),
  })
}
