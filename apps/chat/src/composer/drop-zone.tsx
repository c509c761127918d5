import { type DragEvent, type ReactNode, useState } from 'react'
import { Icon } from '../ui/icon.tsx'

/** Takes files that are dragged onto the conversation. */
export function useDropZone(onFiles: ((files: Iterable<File>) => void) | undefined) {
  const [isOver, setIsOver] = useState(false)

  function onDragOver(event: DragEvent): void {
    if (onFiles === undefined || !event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    setIsOver(true)
  }

  function onDragLeave({ currentTarget, relatedTarget }: DragEvent): void {
    if (!currentTarget.contains(relatedTarget as Node | null)) setIsOver(false)
  }

  function onDrop(event: DragEvent): void {
    setIsOver(false)
    const { files } = event.dataTransfer
    if (onFiles === undefined || files.length === 0) return
    event.preventDefault()
    onFiles(files)
  }

  return { isOver, handlers: { onDragOver, onDragLeave, onDrop } }
}

export function DropHint(): ReactNode {
  return (
    <div className="drop-hint" aria-hidden="true">
      <Icon name="picture" size={40} />
      <span>Drop files to send them</span>
    </div>
  )
}
