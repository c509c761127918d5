import type { Attachment, Message } from '@parley/client'
import type { IconName } from '../ui/icon.tsx'

/** A word or two for the files of a message. */
export type Label = Readonly<{ icon: IconName; text: string }>

/** The name that this app gives to what it records. */
export const RECORDING_NAME = 'Voice message'

const KINDS = {
  IMAGE: { icon: 'picture', one: 'Photo', many: 'photos' },
  VIDEO: { icon: 'film', one: 'Video', many: 'videos' },
  AUDIO: { icon: 'mic', one: 'Audio', many: 'recordings' },
  FILE: { icon: 'file', one: 'File', many: 'files' },
} as const

/** "Photo", "3 photos", "Voice message", "report.pdf" or "4 files". Undefined without files. */
export function labelOf({ attachments }: Pick<Message, 'attachments'>): Label | undefined {
  const [first] = attachments
  if (first === undefined) return undefined
  const isSame = attachments.every(({ kind }) => kind === first.kind)
  const { icon, one, many } = KINDS[isSame ? kindOf(first) : 'FILE']
  if (attachments.length > 1) return { icon, text: `${attachments.length} ${many}` }
  if (isRecording(first)) return { icon, text: RECORDING_NAME }
  return { icon, text: first.kind === 'FILE' ? first.fileName : one }
}

/** A later server has more kinds. */
function kindOf({ kind }: Attachment): keyof typeof KINDS {
  return kind in KINDS ? kind : 'FILE'
}

export function isRecording({ kind, fileName }: Attachment): boolean {
  return kind === 'AUDIO' && fileName.startsWith(RECORDING_NAME)
}

/** Whether it is shown in the conversation, and in the gallery. */
export function isVisual({ kind }: Attachment): boolean {
  return kind === 'IMAGE' || kind === 'VIDEO'
}

/** "312 kB" or "4.2 MB". */
export function fileSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
}

/** "0:07" or "12:30". */
export function playTime(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.floor(seconds) : 0
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
