import type { ReactNode } from 'react'
import { Button } from '../ui/button.tsx'
import { type Appearance, setAppearance, useAppearance } from '../lib/appearance.ts'
import { later } from '../lib/later.tsx'
import { useSession } from '../session/session.ts'
import { PopoverButton } from '../ui/popover-button.tsx'
import { Toggle } from '../ui/toggle.tsx'

const THEMES = [
  ['system', 'Like the device'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const satisfies readonly (readonly [Appearance['theme'], string])[]

const PushSwitch = later((parts) => parts.PushSwitch)

/** Appearance, notifications, and signing out. */
export function Settings(): ReactNode {
  const { signOut } = useSession()
  const { theme, direction } = useAppearance()
  return (
    <PopoverButton icon="settings" label="Settings" placement="bottom end" dialogClass="settings">
      {() => (
        <>
          <fieldset className="segments">
            <legend>Colours</legend>
            <div className="segments-row">
              {THEMES.map(([value, label]) => (
                <label key={value} className="segment">
                  <input
                    type="radio"
                    name="theme"
                    checked={theme === value}
                    onChange={() => setAppearance({ theme: value })}
                  />
                  <span>{label}</span>
                </label>
              ))}
            </div>
          </fieldset>
          <Toggle
            isOn={direction === 'rtl'}
            onChange={(isRtl) => setAppearance({ direction: isRtl ? 'rtl' : 'ltr' })}
          >
            Right to left
          </Toggle>
          <PushSwitch />
          {signOut !== undefined && (
            <Button className="button" onPress={signOut}>
              Sign out
            </Button>
          )}
        </>
      )}
    </PopoverButton>
  )
}
