import { useViewer } from '@parley/react'
import { type ReactNode, useSyncExternalStore } from 'react'
import type { Network } from '../session/network.ts'
import { Toggle } from '../ui/toggle.tsx'

/** Above a pane of the demo: whose it is, and a switch that cuts its connection, as a tunnel would. */
export function DemoBar({ network }: Readonly<{ network: Network }>): ReactNode {
  const { isConnected } = network
  const isOn = useSyncExternalStore(isConnected.subscribe, isConnected.getSnapshot)
  const viewer = useViewer()
  return (
    <div className="demo-bar">
      <span>{viewer === undefined ? 'Device' : `${viewer.name}’s device`}</span>
      <Toggle isOn={isOn} onChange={network.setConnected}>
        {isOn ? 'Connected' : 'Cut off'}
      </Toggle>
    </div>
  )
}
