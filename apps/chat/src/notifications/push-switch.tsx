import { type ReactNode, useId } from 'react'
import { useSession } from '../session/session.ts'
import { Toggle } from '../ui/toggle.tsx'
import { BLOCKED, usePush } from './use-push.ts'

/** Turns notifications of this browser on and off. Nothing if the server or the browser has none. */
export function PushSwitch(): ReactNode {
  const { state, turnOn, turnOff } = usePush()
  const { signOut } = useSession()
  const hint = useId()
  if (state === 'unknown' || state === 'unavailable') return null
  const isBlocked = state === 'blocked'
  const text = isBlocked ? BLOCKED : signOut && 'While they are on, you stay signed in in this browser.'
  return (
    <div className="push-switch">
      <Toggle
        isOn={state === 'on'}
        isDisabled={isBlocked}
        describedBy={text && hint}
        onChange={(isOn) => void (isOn ? turnOn() : turnOff())}
      >
        Notifications
      </Toggle>
      {text !== undefined && (
        <p id={hint} className="field-hint">
          {text}
        </p>
      )}
    </div>
  )
}
