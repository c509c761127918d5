import type { ReactNode } from 'react'
import { Button } from 'react-aria-components/Button'
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog'
import { Popover } from 'react-aria-components/Popover'
import { type Appearance, setAppearance, useAppearance } from '../lib/appearance.ts'
import { useSession } from '../session/session.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { Toggle } from '../ui/toggle.tsx'

const THEMES = [
  ['system', 'Like the device'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const satisfies readonly (readonly [Appearance['theme'], string])[]

/** Appearance, and signing out. */
export function Settings(): ReactNode {
  const { signOut } = useSession()
  const { theme, direction } = useAppearance()
  return (
    <DialogTrigger>
      <IconButton icon="settings" label="Settings" />
      <Popover className="popover" placement="bottom end">
        <Dialog className="popover-dialog settings" aria-label="Settings">
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
          {signOut !== undefined && (
            <Button className="button" onPress={signOut}>
              Sign out
            </Button>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}
