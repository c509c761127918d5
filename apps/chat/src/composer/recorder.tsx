import { type ReactNode, useEffect, useRef, useState } from 'react'
import { playTime, RECORDING_NAME } from '../files/labels.ts'
import { notify } from '../lib/notices.tsx'
import { IconButton } from '../ui/icon-button.tsx'

/** The formats that browsers record. The first that this one supports is used. */
const TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus']

/** Whether this page may ask for the microphone. Not in pages of an insecure origin. */
export function canRecord(): boolean {
  return 'MediaRecorder' in globalThis && 'mediaDevices' in navigator
}

/** Takes the place of the composer while a voice message is recorded. */
export function Recorder({
  onSend,
  onEnd,
}: Readonly<{ onSend(file: File): void; onEnd(): void }>): ReactNode {
  const recorder = useRef<MediaRecorder>(undefined)
  const [seconds, setSeconds] = useState(0)

  useEffect(() => {
    let isOver = false
    let stream: MediaStream | undefined
    let timer: ReturnType<typeof setInterval> | undefined
    const start = async (): Promise<void> => {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true })
      if (isOver) return release()
      const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type))
      recorder.current = new MediaRecorder(stream, mimeType === undefined ? {} : { mimeType })
      recorder.current.start()
      timer = setInterval(() => setSeconds((before) => before + 1), 1_000)
    }
    const release = (): void => {
      for (const track of stream?.getTracks() ?? []) track.stop()
    }
    start().catch(() => {
      notify('The microphone is not available. Allow it for this page, then try again.')
      onEnd()
    })
    return () => {
      isOver = true
      clearInterval(timer)
      release()
    }
  }, [])

  function finish(): void {
    const { current } = recorder
    if (current === undefined) return
    current.addEventListener('dataavailable', ({ data }) => {
      const type = data.type.split(';')[0] ?? ''
      if (data.size > 0) onSend(new File([data], `${RECORDING_NAME}.${type.replace('audio/', '')}`, { type }))
      onEnd()
    })
    current.stop()
  }

  return (
    <div className="composer-row recorder" role="group" aria-label="Voice message">
      <IconButton icon="trash" label="Discard the recording" className="composer-button" onPress={onEnd} />
      <span className="recorder-time" role="timer">
        {playTime(seconds)}
      </span>
      <IconButton icon="send" label="Send the recording" className="send-button" onPress={finish} autoFocus />
    </div>
  )
}
