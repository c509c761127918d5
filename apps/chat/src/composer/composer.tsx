import type { Message } from '@parley/client'
import type { UseChat } from '@parley/react'
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react'
import { TextArea } from 'react-aria-components/TextArea'
import { TextField } from 'react-aria-components/TextField'
import { attempt } from '../lib/notices.tsx'
import { textDirection } from '../lib/text-direction.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { ComposerBar } from './composer-bar.tsx'
import { type Draft, draftOf, setDraft, useDraft } from './drafts.ts'

/** The most characters of a message. */
const MAX_BODY = 8_192

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
  onTarget(target: Target): void
}>): ReactNode {
  const text = useDraft(chat.id)
  const input = useRef<HTMLTextAreaElement>(null)
  const isEmpty = text.trim() === ''

  // A reply or an edit goes on in the field. An edit begins with the message's own text, and the draft is there again
  // afterwards.
  useEffect(() => {
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
    if (isEmpty) return
    attempt(target?.type === 'edit' ? edit(target.message) : send())
    setDraft(chat.id, '')
    onTarget(undefined)
  }

  async function send(): Promise<void> {
    const replyToId = target?.message.id
    await chat.send({ body: text.trim(), ...(replyToId !== undefined && { replyToId }) })
  }

  async function edit({ id, body }: Message): Promise<void> {
    if (id !== undefined && body !== text.trim()) await chat.edit(id, text.trim())
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
      <div className="composer-row">
        <TextField
          className="composer-field"
          aria-label="Message"
          value={text}
          maxLength={MAX_BODY}
          onChange={(next) => {
            setDraft(chat.id, next)
            if (target?.type !== 'edit') chat.setTyping(next.trim() !== '')
          }}
          onKeyDown={onKeyDown}
        >
          <TextArea
            ref={input}
            className="composer-input"
            placeholder="Message"
            rows={1}
            dir={textDirection(text)}
          />
        </TextField>
        <IconButton
          icon={target?.type === 'edit' ? 'check' : 'send'}
          label={target?.type === 'edit' ? 'Save' : 'Send'}
          className="send-button"
          isDisabled={isEmpty}
          onPress={submit}
        />
      </div>
    </div>
  )
}
