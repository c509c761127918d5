import type { UseChat } from '@parley/react'
import { useCallback, useEffect, useRef, useState } from 'react'
import { notify } from '../lib/notices.tsx'
import { indexOfMessage, type Row } from './timeline.ts'
import type { Scroll } from './use-scroll.ts'

/** How long the message that was jumped to stands out, in milliseconds. */
const FLASH_MS = 1_600
/** Pages that are loaded in search of a message. */
const MAX_PAGES = 40

type Jump = Readonly<{ to(messageId: string): void; flashing: string | undefined }>

/** Scrolls to a message. Loads older pages until it is there. */
export function useJump({ loadOlder }: UseChat, rows: readonly Row[], { list }: Scroll): Jump {
  const latest = useRef(rows)
  useEffect(() => void (latest.current = rows), [rows])
  const [flashing, setFlashing] = useState<string>()

  const to = useCallback(
    (messageId: string) => {
      async function find(): Promise<void> {
        for (let page = 0; page < MAX_PAGES; page += 1) {
          const index = indexOfMessage(latest.current, messageId)
          if (index >= 0) {
            list.current?.scrollToIndex(index, { align: 'center', smooth: !prefersStill() })
            setFlashing(messageId)
            setTimeout(() => setFlashing((now) => (now === messageId ? undefined : now)), FLASH_MS)
            return
          }
          if (!(await loadOlder())) break
          // React renders what was loaded before the next look.
          await new Promise(requestAnimationFrame)
        }
        notify('That message is too far back.')
      }
      void find()
    },
    [list, loadOlder],
  )
  return { to, flashing }
}

function prefersStill(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}
