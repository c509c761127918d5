import type { Attachment } from '@parley/client'
import { useAttachment } from '@parley/react'
import { type ReactNode, useRef, useState } from 'react'
import { Icon } from '../ui/icon.tsx'
import { isRecording, playTime } from './labels.ts'

/** One sound at a time. */
let playing: HTMLAudioElement | undefined

/** A sound with a button, its position and its length. */
export function AudioPlayer({
  attachment,
  isTabStop,
}: Readonly<{ attachment: Attachment; isTabStop: boolean }>): ReactNode {
  const { url, fileName, renew } = useAttachment(attachment)
  const audio = useRef<HTMLAudioElement>(null)
  const [isPlaying, setIsPlaying] = useState(false)
  const [time, setTime] = useState(0)
  const [length, setLength] = useState(0)

  function toggle(): void {
    const element = audio.current
    if (element === null) return
    if (!element.paused) return element.pause()
    if (playing !== element) playing?.pause()
    playing = element
    element.play().catch(renew)
  }

  /** Recordings of some browsers do not tell their length until they are read to the end. */
  function measure(element: HTMLAudioElement): void {
    if (element.duration === Infinity) element.currentTime = Number.MAX_SAFE_INTEGER
    else setLength(element.duration)
  }

  function follow(element: HTMLAudioElement): void {
    if (length === 0) {
      if (element.duration === Infinity) return
      setLength(element.duration)
      if (element.paused) element.currentTime = 0
    } else setTime(element.currentTime)
  }

  return (
    <span className="audio">
      <audio
        ref={audio}
        src={url === '' ? undefined : url}
        preload="metadata"
        onError={renew}
        onLoadedMetadata={({ currentTarget }) => measure(currentTarget)}
        onTimeUpdate={({ currentTarget }) => follow(currentTarget)}
        onPlay={() => setIsPlaying(true)}
        onPause={() => setIsPlaying(false)}
        onEnded={({ currentTarget }) => {
          currentTarget.currentTime = 0
        }}
      />
      <button
        type="button"
        className="audio-button"
        aria-label={isPlaying ? 'Pause' : `Play ${isRecording(attachment) ? 'voice message' : fileName}`}
        tabIndex={isTabStop ? 0 : -1}
        onClick={toggle}
      >
        <Icon name={isPlaying ? 'pause' : 'play'} size={20} />
      </button>
      <span className="audio-text">
        {!isRecording(attachment) && <bdi className="file-name">{fileName}</bdi>}
        <input
          type="range"
          aria-label="Position"
          aria-valuetext={playTime(time)}
          min={0}
          max={length === 0 ? 1 : length}
          step="any"
          value={Math.min(time, length)}
          tabIndex={isTabStop ? 0 : -1}
          onChange={({ target }) => {
            if (audio.current !== null) audio.current.currentTime = Number(target.value)
            setTime(Number(target.value))
          }}
        />
        <span className="file-size">{playTime(isPlaying || time > 0 ? time : length)}</span>
      </span>
    </span>
  )
}
