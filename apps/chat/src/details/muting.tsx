import { muteChat, unmuteChat } from '@parley/client/push'
import { type UseChat, useParley } from '@parley/react'
import { type ReactNode, useId } from 'react'
import { attempt } from '../lib/notices.tsx'
import { clockTime, dayName, dayOf } from '../lib/times.ts'
import { useMinute } from '../lib/clock.ts'
import { Select } from '../ui/select.tsx'

const HOUR_MS = 3_600_000

/** When each choice ends. Undefined: it does not end. */
const CHOICES: Readonly<Record<string, Readonly<{ label: string; until(now: Date): Date | undefined }>>> = {
  hour: { label: 'Muted for 1 hour', until: (now) => new Date(now.getTime() + HOUR_MS) },
  hours: { label: 'Muted for 8 hours', until: (now) => new Date(now.getTime() + 8 * HOUR_MS) },
  tomorrow: { label: 'Muted until tomorrow', until: tomorrow },
  always: { label: 'Muted', until: () => undefined },
}

/** The next morning at eight o'clock. */
export function tomorrow(now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 8)
}

/** Whether the chat notifies the user, on all of their devices. */
export function Muting({ chat }: Readonly<{ chat: UseChat }>): ReactNode {
  const client = useParley()
  const id = useId()
  const now = new Date(useMinute())
  const until = chat.muting?.until ?? null
  const value = chat.muting === null ? 'on' : until === null ? 'always' : 'until'

  function choose(choice: string): void {
    if (choice === 'on') return attempt(unmuteChat(client, chat.id))
    const ends = CHOICES[choice]?.until(new Date())
    attempt(muteChat(client, chat.id, ends))
  }

  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        Notifications
      </label>
      <Select id={id} value={value} onChange={(event) => choose(event.target.value)}>
        <option value="on">On</option>
        {until !== null && <option value="until">Muted until {endText(until, now)}</option>}
        {Object.entries(CHOICES).map(([key, { label }]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </Select>
    </div>
  )
}

function endText(until: Date, now: Date): string {
  const clock = clockTime(until)
  if (dayOf(until) === dayOf(now)) return clock
  return dayOf(until) === dayOf(tomorrow(now)) ? `tomorrow at ${clock}` : `${dayName(until, now)}, ${clock}`
}
