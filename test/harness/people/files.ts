import { randomUUID } from 'node:crypto'
import type { MessageData } from './documents.ts'
import type { Person } from './person.ts'

/** An attachment as clients see it. */
export type AttachmentData = Readonly<{
  id: string
  kind: string
  fileName: string
  altText: string | null
  contentType: string
  byteSize: number
  width: number | null
  height: number | null
  thumbhash: string | null
  url: string
  urlExpiresAt: string
  small: string | null
  large: string | null
}>

/** A message with its files. */
export type MessageWithFiles = MessageData & Readonly<{ attachments: readonly AttachmentData[] }>

export const ATTACHMENT_FIELDS = `id kind fileName altText contentType byteSize width height thumbhash url urlExpiresAt
  small: thumbnailUrl large: thumbnailUrl(maxEdge: 1280)`

const CREATE = `mutation ($input: CreateUploadInput!) {
  createUpload(input: $input) { attachment { ${ATTACHMENT_FIELDS} } uploadUrl uploadExpiresAt }
}`
export const SEND_FILES = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { deduplicated message { id seq body attachments { ${ATTACHMENT_FIELDS} } } }
}`
const NODE = `query ($id: ID!) { node(id: $id) { id ... on Attachment { ${ATTACHMENT_FIELDS} } } }`

/** An announced upload. */
export type UploadData = Readonly<{ attachment: AttachmentData; uploadUrl: string; uploadExpiresAt: string }>

type Announced = Readonly<{
  fileName?: string
  contentType?: string
  byteSize: number
  altText?: string
}>

/** Announces an upload. */
export async function createUpload(
  person: Person,
  { fileName = 'notes.txt', contentType = 'text/plain', byteSize, altText }: Announced,
): Promise<UploadData> {
  const input = { fileName, contentType, byteSize, altText }
  return (await person.run<{ createUpload: UploadData }>(CREATE, { input })).createUpload
}

/** Announces and uploads a file. Returns its attachment as it is then. */
export async function upload(
  person: Person,
  bytes: Buffer,
  named: Partial<Announced> = {},
): Promise<AttachmentData> {
  const { attachment, uploadUrl } = await createUpload(person, { ...named, byteSize: bytes.length })
  const { status } = await put(uploadUrl, bytes)
  if (status !== 204) throw new Error(`The upload was answered with ${status}`)
  const complete = await findAttachment(person, attachment.id)
  if (complete === null) throw new Error('The uploader does not find the attachment')
  return complete
}

export async function put(url: string, bytes: Buffer): Promise<Response> {
  const response = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) })
  await response.clone().arrayBuffer()
  return response
}

export const TUS_HEADERS = { 'tus-resumable': '1.0.0' }

/** Sends the bytes that follow on the first `offset` ones, by tus. */
export function patchUpload(
  url: string,
  offset: number,
  bytes: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const own = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) }
  const body = new Uint8Array(bytes)
  return fetch(url, { method: 'PATCH', headers: { ...TUS_HEADERS, ...own, ...headers }, body })
}

export async function findAttachment(person: Person, id: string): Promise<AttachmentData | null> {
  return (await person.run<{ node: AttachmentData | null }>(NODE, { id })).node
}

type SendOptions = Readonly<{ body?: string | null; clientMessageId?: string; replyToId?: string }>

/** Sends a message with attachments. Default: without a body. */
export async function sendFiles(
  person: Person,
  chatId: string,
  attachments: readonly Readonly<{ id: string }>[],
  options: SendOptions = {},
): Promise<Readonly<{ message: MessageWithFiles; deduplicated: boolean }>> {
  const attachmentIds = attachments.map(({ id }) => id)
  const input = { clientMessageId: randomUUID(), ...options, chatId, attachmentIds }
  const data = await person.run<{ sendMessage: { message: MessageWithFiles; deduplicated: boolean } }>(
    SEND_FILES,
    {
      input,
    },
  )
  return data.sendMessage
}
