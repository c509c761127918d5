/** The fields of an attachment that the client reads. */
export const ATTACHMENT_FIELDS = `{id kind fileName altText contentType byteSize width height thumbhash url thumbnailUrl
largeThumbnailUrl:thumbnailUrl(maxEdge:1280)urlExpiresAt}`
