import { useServiceStatus } from '@parley/react'
import { useEffect, useState } from 'react'

/** Whether files can be sent: not at all, not at the moment, or now. */
export type Uploads = 'off' | 'paused' | 'on'

let known: Promise<boolean> | undefined

/** Asks once. Without an answer, the server says so when a file is sent. */
function askServer(): Promise<boolean> {
  known ??= fetch(new URL('graphql', document.baseURI), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{serverInfo{features}}"}',
  })
    .then((response) => response.json())
    .then(({ data }: { data: { serverInfo: { features: readonly string[] } } }) =>
      data.serverInfo.features.includes('uploads'),
    )
    .catch(() => {
      known = undefined
      return true
    })
  return known
}

export function useUploads(): Uploads {
  const { paused } = useServiceStatus()
  const [isOn, setIsOn] = useState(false)
  useEffect(() => void askServer().then(setIsOn), [])
  if (!isOn) return 'off'
  return paused.includes('uploads') ? 'paused' : 'on'
}
