import type { UseChat } from '@parley/react'
import { type ReactNode, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { attempt } from '../lib/notices.tsx'
import { TextField } from '../ui/text-field.tsx'

/** Changes the name of a group. */
export function Rename({ chat }: Readonly<{ chat: UseChat }>): ReactNode {
  const [title, setTitle] = useState(chat.title)
  const next = title.trim()
  return (
    <form
      className="field-row"
      onSubmit={(event) => {
        event.preventDefault()
        attempt(chat.update({ title: next }))
      }}
    >
      <TextField label="Name" value={title} onChange={setTitle} maxLength={255} />
      <Button type="submit" className="button" isDisabled={next === '' || next === chat.title}>
        Rename
      </Button>
    </form>
  )
}
