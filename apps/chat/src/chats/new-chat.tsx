import { type ReactNode, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { problemText } from '../lib/problems.ts'
import { openChat } from '../messenger/route.ts'
import { useSession } from '../session/session.ts'
import { Sheet } from '../ui/sheet.tsx'
import { TextField } from '../ui/text-field.tsx'
import { usePeople } from './people.ts'
import { PeoplePicker } from './people-picker.tsx'

/** Starts a chat with one person, or a group with any number of people. */
export function NewChat({ isOpen, onClose }: Readonly<{ isOpen: boolean; onClose(): void }>): ReactNode {
  return (
    <Sheet title="New chat" isOpen={isOpen} onClose={onClose}>
      <NewChatForm onClose={onClose} />
    </Sheet>
  )
}

function NewChatForm({ onClose }: Readonly<{ onClose(): void }>): ReactNode {
  const { client } = useSession()
  const people = usePeople()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [title, setTitle] = useState('')
  const [problem, setProblem] = useState<string>()
  const [isBusy, setIsBusy] = useState(false)
  const ids = [...selected]
  const [first] = ids
  const isGroup = ids.length > 1 || title.trim() !== ''
  const canCreate = first !== undefined && (!isGroup || title.trim() !== '')

  async function create(): Promise<void> {
    if (!canCreate) return
    setIsBusy(true)
    setProblem(undefined)
    try {
      const created = isGroup
        ? await client.createGroup({ title: title.trim(), memberIds: ids })
        : await client.startDirectChat(first)
      onClose()
      openChat(created.id)
    } catch (error) {
      setProblem(problemText(error, ids))
      setIsBusy(false)
    }
  }

  return (
    <div className="form">
      <PeoplePicker people={people} selected={selected} onChange={setSelected} />
      <div className="form-end">
        <TextField
          label="Name of the group"
          hint={
            ids.length > 1
              ? 'A group needs a name.'
              : 'Only for a group. Leave it empty for a chat with one person.'
          }
          value={title}
          onChange={setTitle}
          maxLength={255}
        />
        {problem !== undefined && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <Button
          className="button button-primary"
          isDisabled={!canCreate || isBusy}
          onPress={() => void create()}
        >
          {isGroup ? 'Create group' : 'Start chat'}
        </Button>
      </div>
    </div>
  )
}
