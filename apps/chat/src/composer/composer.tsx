import type { UseChat } from '@parley/react'
import {
  type Dispatch,
  type KeyboardEvent,
  type ReactNode,
  type SetStateAction,
  useEffect,
  useRef,
  useState,
} from 'react'
import { notify } from '../lib/notices.tsx'
import { problemText } from '../lib/problems.ts'
import { textDirection } from '../lib/text-direction.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { bodyLength } from './body-length.ts'
import { ComposerBar } from './composer-bar.tsx'
import { type Draft, draftOf, setDraft, useDraft } from './drafts.ts'

type Target = Draft['target']

/** Where messages are written. Enter sends, Shift with Enter begins a new line, Escape ends a reply or an edit. */
export function Composer({
  chat,
  viewerId,
  target,
  onTarget,
}: Readonly<{
  chat: UseChat
  viewerId: string | undefined
  target: Target
  onTarget: Dispatch<SetStateAction<Target>>
}>): ReactNode {
  const text = useDraft(chat.id)
  const input = useRef<HTMLTextAreaElement>(null)
  const [problem, setProblem] = useState<string>()
  const [isSaving, setIsSaving] = useState(false)
  const body = text.trim()
  const { isTooLong, note } = bodyLength(body)
  const canSubmit = body !== '' && !isTooLong && !isSaving
  const isEdit = target?.type === 'edit'

  // A reply or an edit goes on in the field. An edit begins with the message's own text, and the draft is there again
  // afterwards.
  useEffect(() => {
    setProblem(undefined)
    if (target === undefined) return
    input.current?.focus()
    if (target.type !== 'edit') return
    const draft = draftOf(chat.id)
    setDraft(chat.id, target.message.body ?? '')
    return () => setDraft(chat.id, draft)
  }, [chat.id, target])

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) input.current?.focus()
  }, [])

  function submit(): void {
    if (!canSubmit) return
    setProblem(undefined)
    void (target?.type === 'edit' ? save(target) : send())
  }

  /** The text is in storage before `send` resolves. If that fails, it comes back. */
  async function send(): Promise<void> {
    const replyToId = target?.message.id
    setDraft(chat.id, '')
    onTarget(undefined)
    try {
      await chat.send({ body, ...(replyToId !== undefined && { replyToId }) })
    } catch (error) {
      if (draftOf(chat.id) === '') {
        setDraft(chat.id, text)
        onTarget(target)
      }
      setProblem(problemText(error))
    }
  }

  /** An edit has no outbox: its text stays in the field until the server has taken it. */
  async function save(edited: NonNullable<Target>): Promise<void> {
    const { id, body: before } = edited.message
    setIsSaving(true)
    try {
      if (id !== undefined && body !== before) await chat.edit(id, body)
      onTarget((current) => (current === edited ? undefined : current))
    } catch (error) {
      if (input.current === null) notify(problemText(error))
      else setProblem(problemText(error))
    } finally {
      setIsSaving(false)
    }
  }

  function editNewest(): void {
    const own = chat.messages.findLast(({ sender, id }) => sender.id === viewerId && id !== undefined)
    if (own !== undefined && own.body !== null) onTarget({ type: 'edit', message: own })
  }

  function onKeyDown(event: KeyboardEvent): void {
    // Enter that ends the input of a Chinese or Japanese word is not for the composer.
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      submit()
    } else if (event.key === 'Escape' && target !== undefined) onTarget(undefined)
    else if (event.key === 'ArrowUp' && text === '' && target === undefined) {
      event.preventDefault()
      editNewest()
    }
  }

  if (!chat.isMember) return <p className="composer-closed">You are no longer a member of this group.</p>
  return (
    <div className="composer">
      {target !== undefined && <ComposerBar target={target} onCancel={() => onTarget(undefined)} />}
      {(problem ?? note) !== undefined && (
        <p className="composer-note" role="status" data-problem={problem !== undefined || isTooLong}>
          {problem ?? note}
        </p>
      )}
      <div className="composer-row">
        <textarea
          ref={input}
          className="composer-input"
          aria-label="Message"
          aria-invalid={isTooLong}
          placeholder="Message"
          rows={1}
          dir={textDirection(text)}
          value={text}
          readOnly={isSaving}
          onChange={({ target: { value } }) => {
            setDraft(chat.id, value)
            setProblem(undefined)
            if (!isEdit) chat.setTyping(value.trim() !== '')
          }}
          onKeyDown={onKeyDown}
        />
        <IconButton
          icon={isEdit ? 'check' : 'send'}
          label={isEdit ? 'Save' : 'Send'}
          className="send-button"
          isDisabled={!canSubmit}
          onPress={submit}
        />
      </div>
    </div>
  )
}
