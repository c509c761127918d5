import type { UseChat } from '@parley/react'
import { type ReactNode, useId } from 'react'
import { attempt } from '../lib/notices.tsx'
import { duration } from '../lib/times.ts'
import { Select } from '../ui/select.tsx'

/** In seconds. */
const CHOICES = [60, 3_600, 86_400, 604_800, 2_592_000]

/** How long new messages are kept. */
export function Lifetime({ chat, canChange }: Readonly<{ chat: UseChat; canChange: boolean }>): ReactNode {
  const id = useId()
  const current = chat.messageTtlSeconds ?? 0
  const choices = current === 0 || CHOICES.includes(current) ? CHOICES : [current, ...CHOICES]
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        New messages disappear
      </label>
      <Select
        id={id}
        value={current}
        disabled={!canChange}
        onChange={(event) => attempt(chat.update({ messageTtlSeconds: Number(event.target.value) }))}
      >
        <option value={0}>Never</option>
        {choices.map((seconds) => (
          <option key={seconds} value={seconds}>
            After {duration(seconds)}
          </option>
        ))}
      </Select>
    </div>
  )
}
