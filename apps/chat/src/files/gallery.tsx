import type { Attachment, Message } from '@parley/client'
import { useAttachment } from '@parley/react'
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { clockTime, dayName } from '../lib/times.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { isVisual } from './labels.ts'

type Item = Readonly<{ key: string; attachment: Attachment; message: Message }>

/** Names a file of a message. Its id changes once the server has the message, and its place does not. */
export function galleryKey({ sender, clientMessageId }: Message, place: number): string {
  return `${sender.id} ${clientMessageId} ${place}`
}

/** The pictures and films of the loaded conversation, one after the other. Closes if the one that it shows is gone. */
export function Gallery({
  messages,
  shownKey,
  onShow,
  onClose,
}: Readonly<{
  messages: readonly Message[]
  /** Undefined: closed. */
  shownKey: string | undefined
  onShow(key: string): void
  onClose(): void
}>): ReactNode {
  const items = messages.flatMap((message) =>
    message.attachments
      .map((attachment, place) => ({ key: galleryKey(message, place), attachment, message }))
      .filter(({ attachment }) => isVisual(attachment)),
  )
  const index = items.findIndex(({ key }) => key === shownKey)
  return (
    <ModalOverlay
      className="gallery"
      isOpen={index >= 0}
      onOpenChange={(open) => open || onClose()}
      isDismissable
    >
      <Modal className="gallery-place">
        <Dialog className="gallery-dialog" aria-label="Photos and videos">
          <Slides items={items} index={index} onShow={onShow} onClose={onClose} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/**
 * The browser scrolls: a finger swipes from one slide to the next, and drags a large picture around. A click, or Enter,
 * makes a picture large.
 */
function Slides({
  items,
  index,
  onShow,
  onClose,
}: Readonly<{
  items: readonly Item[]
  index: number
  onShow(key: string): void
  onClose(): void
}>): ReactNode {
  const track = useRef<HTMLDivElement>(null)
  const [isLarge, setIsLarge] = useState(false)
  const item = items[index]

  function show(next: number, behavior: ScrollBehavior = 'smooth'): void {
    track.current?.children[next]?.scrollIntoView({ behavior, inline: 'center', block: 'nearest' })
  }

  useEffect(() => show(index, 'instant'), [])

  function onScroll(): void {
    const { current } = track
    if (current === null) return
    const next = items[Math.round(Math.abs(current.scrollLeft) / current.clientWidth)]
    if (next === undefined || next === item) return
    onShow(next.key)
    setIsLarge(false)
  }

  function onKeyDown(event: KeyboardEvent): void {
    const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight'
    const backward = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft'
    if (event.key === forward) show(Math.min(items.length - 1, index + 1))
    else if (event.key === backward) show(Math.max(0, index - 1))
    else return
    event.preventDefault()
  }

  if (item === undefined) return null
  const { sender, sentAt, body } = item.message
  return (
    <div className="gallery-content" onKeyDown={onKeyDown}>
      <header className="gallery-header">
        <IconButton icon="close" label="Close" onPress={onClose} autoFocus />
        <span className="gallery-title">
          <bdi>{sender.name}</bdi>
          <span>
            {dayName(sentAt, new Date())}, {clockTime(sentAt)}
            {items.length > 1 && ` · ${index + 1} of ${items.length}`}
          </span>
        </span>
        <Download attachment={item.attachment} />
      </header>
      <div ref={track} className="gallery-track" onScroll={onScroll}>
        {items.map(({ key, attachment }, place) => (
          <div
            key={key}
            className="gallery-slide"
            data-large={isLarge && place === index}
            inert={place !== index}
          >
            {Math.abs(place - index) < 2 && (
              <Slide
                attachment={attachment}
                isLarge={isLarge && place === index}
                onZoom={() => setIsLarge(!isLarge)}
              />
            )}
          </div>
        ))}
      </div>
      {index > 0 && (
        <IconButton icon="back" label="Previous" className="gallery-back" onPress={() => show(index - 1)} />
      )}
      {index < items.length - 1 && (
        <IconButton icon="back" label="Next" className="gallery-next" onPress={() => show(index + 1)} />
      )}
      {body !== null && (
        <p className="gallery-caption" dir="auto">
          {body}
        </p>
      )}
    </div>
  )
}

function Slide({
  attachment,
  isLarge,
  onZoom,
}: Readonly<{ attachment: Attachment; isLarge: boolean; onZoom(): void }>): ReactNode {
  const { kind, url, largeThumbnailUrl, fileName, altText, width, height, renew } = useAttachment(attachment)
  const button = useRef<HTMLButtonElement>(null)
  // A picture grows from its middle.
  useEffect(() => {
    if (isLarge) button.current?.scrollIntoView({ inline: 'center', block: 'center', behavior: 'instant' })
  }, [isLarge])
  if (kind === 'VIDEO') return <video src={url} controls playsInline onError={renew} />
  return (
    <button
      ref={button}
      type="button"
      aria-label={isLarge ? 'Fit to the screen' : 'Zoom in'}
      onClick={onZoom}
    >
      <img
        src={isLarge ? url : (largeThumbnailUrl ?? url)}
        alt={altText ?? fileName}
        width={width ?? undefined}
        height={height ?? undefined}
        draggable={false}
        onError={renew}
      />
    </button>
  )
}

function Download({ attachment }: Readonly<{ attachment: Attachment }>): ReactNode {
  const { url, fileName } = useAttachment(attachment)
  return (
    <a
      className="icon-button"
      href={url}
      download={fileName}
      target="_blank"
      rel="noopener noreferrer"
      aria-label="Download"
    >
      <Icon name="download" />
    </a>
  )
}
