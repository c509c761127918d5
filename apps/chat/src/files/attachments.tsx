import type { Attachment, Message } from '@parley/client'
import { useAttachment } from '@parley/react'
import type { CSSProperties, ReactNode } from 'react'
import type { MessageActions } from '../messages/actions.ts'
import { Icon } from '../ui/icon.tsx'
import { AudioPlayer } from './audio-player.tsx'
import { fileSize, isVisual } from './labels.ts'
import { Picture } from './picture.tsx'
import { Uploading } from './uploading.tsx'

type Props = Readonly<{ message: Message; isTabStop: boolean; actions: MessageActions }>

/** Pictures of one message that are shown. The gallery has the others. */
const MAX_SHOWN = 4

/** The files of a message: pictures first, then sounds and downloads. */
export function Attachments({ message, isTabStop, actions }: Props): ReactNode {
  const { attachments, uploadProgress } = message
  const visual = attachments.filter(isVisual)
  const others = attachments.filter((attachment) => !isVisual(attachment))
  const uploading = uploadProgress !== undefined && (
    <Uploading progress={uploadProgress} isTabStop={isTabStop} onCancel={() => actions.discard(message)} />
  )
  return (
    <>
      {visual.length > 0 && (
        <span className="pictures" data-count={Math.min(visual.length, MAX_SHOWN)}>
          {visual.slice(0, MAX_SHOWN).map((attachment, index) => (
            <Tile
              // The message's own files keep their places, so a picture stays when the server's takes over.
              key={index}
              attachment={attachment}
              isAlone={visual.length === 1}
              isTabStop={isTabStop}
              more={index === MAX_SHOWN - 1 ? visual.length - MAX_SHOWN : 0}
              onOpen={() => actions.openGallery(message, attachment)}
            />
          ))}
          {uploading}
        </span>
      )}
      {visual.length === 0 && uploading}
      {others.map((attachment, index) =>
        attachment.kind === 'AUDIO' ? (
          <AudioPlayer key={index} attachment={attachment} isTabStop={isTabStop} />
        ) : (
          <FileRow key={index} attachment={attachment} isTabStop={isTabStop} />
        ),
      )}
    </>
  )
}

function Tile({
  attachment,
  isAlone,
  isTabStop,
  more,
  onOpen,
}: Readonly<{
  attachment: Attachment
  isAlone: boolean
  isTabStop: boolean
  more: number
  onOpen(): void
}>): ReactNode {
  const { kind, fileName, altText, width, height } = attachment
  const ratio = width !== null && height !== null ? width / height : 4 / 3
  // Very long pictures are cut in the conversation. The gallery shows all of them.
  const shape = isAlone ? ({ '--ratio': Math.min(2.2, Math.max(0.62, ratio)) } as CSSProperties) : undefined
  const name = kind === 'VIDEO' ? 'video' : 'photo'
  return (
    <button
      type="button"
      className="picture"
      style={shape}
      aria-label={`Open ${name} ${altText ?? fileName}${more > 0 ? `, and ${more} more` : ''}`}
      tabIndex={isTabStop ? 0 : -1}
      onClick={onOpen}
    >
      {kind === 'VIDEO' ? (
        <Film attachment={attachment} />
      ) : (
        <Picture attachment={attachment} alt="" sizes={isAlone ? '340px' : '170px'} />
      )}
      {more > 0 && <span className="picture-more">+{more}</span>}
    </button>
  )
}

/** The first image of a film. */
function Film({ attachment }: Readonly<{ attachment: Attachment }>): ReactNode {
  const { url, renew } = useAttachment(attachment)
  return (
    <>
      <video
        src={url === '' ? undefined : `${url}#t=0.1`}
        preload="metadata"
        muted
        playsInline
        tabIndex={-1}
        onError={renew}
      />
      <span className="picture-play">
        <Icon name="play" size={26} />
      </span>
    </>
  )
}

function FileRow({
  attachment,
  isTabStop,
}: Readonly<{ attachment: Attachment; isTabStop: boolean }>): ReactNode {
  const { url, fileName, byteSize } = useAttachment(attachment)
  const isLocal = !url.startsWith('http')
  return (
    <a
      className="file"
      href={isLocal ? undefined : url}
      download={fileName}
      target="_blank"
      rel="noopener noreferrer"
      tabIndex={isTabStop ? 0 : -1}
    >
      <span className="file-icon">
        <Icon name={isLocal ? 'file' : 'download'} />
      </span>
      <span className="file-text">
        <bdi className="file-name">{fileName}</bdi>
        <span className="file-size">{fileSize(byteSize)}</span>
      </span>
    </a>
  )
}
