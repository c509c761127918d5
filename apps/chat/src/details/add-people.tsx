import type { UseChat } from '@parley/react'
import { type ReactNode, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { usePeople } from '../chats/people.ts'
import { PeoplePicker } from '../chats/people-picker.tsx'
import { problemText } from '../lib/problems.ts'

/** Adds people to a group. */
export function AddPeople({ chat }: Readonly<{ chat: UseChat }>): ReactNode {
  const known = usePeople()
  const people = known.filter(({ id }) => !chat.members.some(({ user }) => user.id === id))
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [problem, setProblem] = useState<string>()

  async function add(): Promise<void> {
    try {
      await chat.addMembers([...selected])
      setSelected(new Set())
      setProblem(undefined)
    } catch (error) {
      setProblem(problemText(error, [...selected]))
    }
  }

  return (
    <section aria-label="Add people">
      <h3 className="details-heading">Add people</h3>
      <PeoplePicker people={people} selected={selected} onChange={setSelected} />
      {problem !== undefined && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {selected.size > 0 && (
        <Button className="button button-primary" onPress={() => void add()}>
          Add to the group
        </Button>
      )}
    </section>
  )
}
