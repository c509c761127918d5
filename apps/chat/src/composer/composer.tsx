import type { UseChat } from '@parley/react'
import {
  type ClipboardEvent,
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
import type { Uploads } from '../session/use-uploads.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { AttachButton } from './attach-button.tsx'
import { bodyLength } from './body-length.ts'
import { ComposerBar } from './composer-bar.tsx'
import { addDraftFiles, takeDraftFiles, useDraftFiles } from './draft-files.ts'
import { type Draft, draftOf, setDraft, useDraft } from './drafts.ts'
import { FileTray } from './file-tray.tsx'
import { canRecord, Recorder } from './recorder.tsx'

type Target = Draft['target']

/** Where messages are written. Enter sends, Shift with Enter begins a new line, Escape ends a reply or an edit. */
export function Composer({
  chat,
  viewerId,
  target,
  onTarget,
  uploads,
  onFiles,
}: Readonly<{
  chat: UseChat
  viewerId: string | undefined
  target: Target
  onTarget: Dispatch<SetStateAction<Target>>
  uploads: Uploads
  onFiles(files: Iterable<File>): void
}>): ReactNode {
  const text = useDraft(chat.id)
  const input = useRef<HTMLTextAreaElement>(null)
  const [problem, setProblem] = useState<string>()
  const [isSaving, setIsSaving] = useState(false)
  const [isRecording, setIsRecording] = useState(false)
  const files = useDraftFiles(chat.id)
  const body = text.trim()
  const { isTooLong, note } = bodyLength(body)
  const isEdit = target?.type === 'edit'
  const hasContent = body !== '' || (files.length > 0 && !isEdit)
  const canSubmit = hasContent && !isTooLong && !isSaving
  const canSpeak = uploads === 'on' && !hasContent && !isEdit && canRecord()

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
    void (target?.type === 'edit' ? save(target) : send(takeDraftFiles(chat.id)))
  }

  /** Text and files are in storage before `send` resolves. If that fails, they come back. */
  async function send(attachments: readonly File[]): Promise<void> {
    const replyToId = target?.message.id
    setDraft(chat.id, '')
    onTarget(undefined)
    try {
      await chat.send({
        ...(body !== '' && { body }),
        ...(replyToId !== undefined && { replyToId }),
        ...(attachments.length > 0 && { attachments }),
      })
    } catch (error) {
      addDraftFiles(chat.id, attachments)
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

  function onPaste(event: ClipboardEvent): void {
    const { files: pasted } = event.clipboardData
    // A table of a spreadsheet comes as a picture too. Its text is what is wanted.
    if (uploads !== 'on' || pasted.length === 0 || event.clipboardData.types.includes('text/plain')) return
    event.preventDefault()
    onFiles(pasted)
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
      {files.length > 0 && !isEdit && <FileTray chatId={chat.id} files={files} />}
      {isRecording && <Recorder onSend={(file) => void send([file])} onEnd={() => setIsRecording(false)} />}
      <div className="composer-row" hidden={isRecording}>
        {uploads !== 'off' && !isEdit && <AttachButton isPaused={uploads === 'paused'} onFiles={onFiles} />}
        <textarea
          ref={input}
          className="composer-input"
          aria-label="Message"
          aria-invalid={isTooLong}
          placeholder={files.length > 0 ? 'Add a caption' : 'Message'}
          onPaste={onPaste}
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
        {canSpeak ? (
          <IconButton
            icon="mic"
            label="Record a voice message"
            className="send-button"
            onPress={() => setIsRecording(true)}
          />
        ) : (
          <IconButton
            icon={isEdit ? 'check' : 'send'}
            label={isEdit ? 'Save' : 'Send'}
            className="send-button"
            isDisabled={!canSubmit}
            onPress={submit}
          />
        )}
      </div>
    </div>
  )
}
