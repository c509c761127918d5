import type { User } from '@parley/client'
import { type ReactNode, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Avatar } from '../ui/avatar.tsx'
import { TextField } from '../ui/text-field.tsx'
import { toUserId } from './people.ts'

/** Chooses people from a list, or by their id. */
export function PeoplePicker({
  people,
  selected,
  onChange,
}: Readonly<{
  people: readonly User[]
  selected: ReadonlySet<string>
  onChange(selected: ReadonlySet<string>): void
}>): ReactNode {
  const [id, setId] = useState('')
  const [added, setAdded] = useState<readonly User[]>([])
  const all = [...people, ...added.filter((user) => !people.some((other) => other.id === user.id))]

  function toggle(userId: string): void {
    const next = new Set(selected)
    if (!next.delete(userId)) next.add(userId)
    onChange(next)
  }

  function add(): void {
    const userId = toUserId(id)
    if (userId === undefined) return
    setAdded([...added, { id: userId, name: userId.slice('user_'.length), avatarUrl: null }])
    onChange(new Set(selected).add(userId))
    setId('')
  }

  return (
    <>
      <ul className="people">
        {all.map((user) => (
          <li key={user.id}>
            <label className="person">
              <input type="checkbox" checked={selected.has(user.id)} onChange={() => toggle(user.id)} />
              <Avatar id={user.id} name={user.name} pictureUrl={user.avatarUrl} size="small" />
              <span className="person-name">
                <bdi>{user.name}</bdi>
              </span>
            </label>
          </li>
        ))}
      </ul>
      <form
        className="field-row"
        onSubmit={(event) => {
          event.preventDefault()
          add()
        }}
      >
        <TextField label="Someone else, by their user name" value={id} onChange={setId} placeholder="carol" />
        <Button type="submit" className="button" isDisabled={toUserId(id) === undefined}>
          Add
        </Button>
      </form>
    </>
  )
}
