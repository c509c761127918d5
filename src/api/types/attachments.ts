import { badInput, forbidden } from '../../errors.ts'
import type { Attachment } from '../../events/attachment.ts'
import { globalId } from '../../ids.ts'
import type { MediaVariant } from '../../media/media-links.ts'
import type { Builder } from '../builder.ts'
import { type Context, requireViewer } from '../context.ts'
import { SHARED } from '../selection-sharing.ts'

/**
 * Attachments and their uploads. The address of a file names its viewer. So an event with attachments is executed for
 * each subscriber that selects an address, and once for all that do not.
 */
export function defineAttachments(builder: Builder): void {
  defineAttachmentType(builder)
  defineCreateUpload(builder)
}

function defineAttachmentType(builder: Builder): void {
  builder.enumType('AttachmentKind', { values: ['IMAGE', 'VIDEO', 'AUDIO', 'FILE'] as const })
  builder.objectType('Attachment', {
    interfaces: ['Node'],
    fields: (t) => ({
      id: t.id({ ...SHARED, resolve: ({ id }) => globalId.attachment(id) }),
      kind: t.expose('kind', { ...SHARED, type: 'AttachmentKind' }),
      fileName: t.exposeString('fileName', SHARED),
      altText: t.exposeString('altText', { ...SHARED, nullable: true }),
      contentType: t.exposeString('contentType', SHARED),
      byteSize: t.exposeInt('byteSize', SHARED),
      width: t.exposeInt('width', { ...SHARED, nullable: true }),
      height: t.exposeInt('height', { ...SHARED, nullable: true }),
      thumbhash: t.exposeString('thumbhash', { ...SHARED, nullable: true }),
      // Need the viewer. A shared execution that comes here is discarded, and messages without attachments never do.
      url: t.string({
        ...SHARED,
        resolve: (attachment, _, context) => addressOf(attachment, 'file', context),
      }),
      thumbnailUrl: t.string({
        ...SHARED,
        nullable: true,
        args: { maxEdge: t.arg.int({ defaultValue: 320 }) },
        resolve(attachment, { maxEdge }, context) {
          const variant = variantOf(maxEdge ?? 320)
          return attachment.hasThumbnails ? addressOf(attachment, variant, context) : null
        },
      }),
      urlExpiresAt: t.field({
        ...SHARED,
        type: 'DateTime',
        resolve: (_, __, { services, clock }) => services.mediaLinks.expiryAt(clock.now()),
      }),
    }),
  })
}

function addressOf({ id }: Attachment, variant: MediaVariant, context: Context): string {
  const { userId } = requireViewer(context)
  const { services, clock, baseUrl } = context
  return `${baseUrl}${services.mediaLinks.download(id, variant, userId, clock.now())}`
}

function variantOf(maxEdge: number): MediaVariant {
  if (maxEdge === 320 || maxEdge === 1280) return `${maxEdge}`
  throw badInput('maxEdge must be 320 or 1280')
}

function defineCreateUpload(builder: Builder): void {
  const input = builder.inputType('CreateUploadInput', {
    fields: (t) => ({
      fileName: t.string({ required: true }),
      contentType: t.string({ required: true }),
      byteSize: t.int({ required: true }),
      altText: t.string(),
    }),
  })
  const payload = builder
    .objectRef<Readonly<{ attachment: Attachment; uploadUrl: string; uploadExpiresAt: Date }>>(
      'CreateUploadPayload',
    )
    .implement({
      fields: (t) => ({
        attachment: t.expose('attachment', { type: 'Attachment' }),
        uploadUrl: t.exposeString('uploadUrl'),
        uploadExpiresAt: t.expose('uploadExpiresAt', { type: 'DateTime' }),
      }),
    })
  builder.mutationField('createUpload', (t) =>
    t.field({
      type: payload,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { userId } = requireViewer(context)
        const { uploads, mediaLinks } = context.services
        if (uploads === undefined) throw forbidden('Uploads are switched off on this server')
        const { attachment, expiresAt } = await uploads.create(userId, args.input)
        const uploadUrl = `${context.baseUrl}${mediaLinks.upload(attachment.id, expiresAt)}`
        return { attachment, uploadUrl, uploadExpiresAt: expiresAt }
      },
    }),
  )
}
