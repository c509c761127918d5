import type { Builder } from '../builder.ts'

/** The types of attachments. The server has no uploads yet, so no object has these types. */
export function defineAttachments(builder: Builder): void {
  builder.enumType('AttachmentKind', { values: ['IMAGE', 'VIDEO', 'AUDIO', 'FILE'] as const })
  builder.objectType('Attachment', {
    interfaces: ['Node'],
    fields: (t) => ({
      id: t.id({ resolve: (attachment) => attachment.id }),
      kind: t.expose('kind', { type: 'AttachmentKind' }),
      fileName: t.exposeString('fileName'),
      contentType: t.exposeString('contentType'),
      byteSize: t.exposeInt('byteSize'),
      width: t.exposeInt('width', { nullable: true }),
      height: t.exposeInt('height', { nullable: true }),
      thumbhash: t.exposeString('thumbhash', { nullable: true }),
      url: t.exposeString('url'),
      urlExpiresAt: t.expose('urlExpiresAt', { type: 'DateTime' }),
      thumbnailUrl: t.string({
        nullable: true,
        args: { maxEdge: t.arg.int({ defaultValue: 320 }) },
        resolve: () => null,
      }),
    }),
  })
}
