import { type ReactNode, useRef } from 'react'
import { Button } from '../ui/button.tsx'
import { Icon, type IconName } from '../ui/icon.tsx'
import { PopoverButton } from '../ui/popover-button.tsx'

const VISUAL = 'image/*,video/*'

type Source = Readonly<{ icon: IconName; text: string; accept?: string; capture?: string }>

const SOURCES: readonly Source[] = [
  { icon: 'picture', text: 'Photos and videos', accept: VISUAL },
  { icon: 'file', text: 'Files' },
]
/** A computer would open the same dialog as for photos. */
const CAMERA: Source = { icon: 'film', text: 'Camera', accept: VISUAL, capture: 'environment' }

/** Chooses files, from the camera roll, the camera or a folder. */
export function AttachButton({
  isPaused,
  onFiles,
}: Readonly<{ isPaused: boolean; onFiles(files: Iterable<File>): void }>): ReactNode {
  const input = useRef<HTMLInputElement>(null)
  const sources = matchMedia('(pointer: coarse)').matches ? [CAMERA, ...SOURCES] : SOURCES

  function choose({ accept = '', capture }: Source): void {
    const { current } = input
    if (current === null) return
    current.accept = accept
    current.toggleAttribute('capture', capture !== undefined)
    if (capture !== undefined) current.setAttribute('capture', capture)
    current.click()
  }

  return (
    <>
      <PopoverButton
        icon="plus"
        label={isPaused ? 'Files are paused, because the service is busy' : 'Attach files'}
        title="Attach"
        placement="top start"
        buttonClass="composer-button"
        isDisabled={isPaused}
      >
        {(close) => (
          <div className="menu-items">
            {sources.map((source) => (
              <Button
                key={source.text}
                className="menu-item"
                onPress={() => {
                  close()
                  choose(source)
                }}
              >
                <Icon name={source.icon} size={18} />
                {source.text}
              </Button>
            ))}
          </div>
        )}
      </PopoverButton>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files"
        onChange={({ target }) => {
          onFiles([...(target.files ?? [])])
          // The same file may be chosen again.
          target.value = ''
        }}
      />
    </>
  )
}
