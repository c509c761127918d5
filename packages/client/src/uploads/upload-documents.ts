import { ATTACHMENT_FIELDS } from '../graphql/attachment-fields.ts'

/* The operations of uploads. A test validates each against schema.graphql. */

export const CREATE_UPLOAD = `mutation createUpload($input:CreateUploadInput!){createUpload(input:$input){attachment{id}uploadUrl uploadExpiresAt}}`

export const UPLOAD_LIMITS = 'query UploadLimits{serverInfo{features limits{maxUploadBytes}}}'

export const FIND_UPLOADS = 'query FindUploads($ids:[ID!]!){nodes(ids:$ids){id}}'

export const ATTACHMENT_URLS = `query AttachmentUrls($ids:[ID!]!){nodes(ids:$ids){...on Attachment${ATTACHMENT_FIELDS}}}`
