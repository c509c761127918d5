import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { Dialog } from './dialog.tsx'

/** A question before something that cannot be undone. */
export type Question = Readonly<{
  title: string
  text: string
  /** The verb on the button. */
  confirm: string
  onConfirm(): void
}>

/** Asks a question over everything else. Undefined: there is none. */
export function Confirm({
  question,
  onClose,
}: Readonly<{ question: Question | undefined; onClose(): void }>): ReactNode {
  if (question === undefined) return null
  const { title, text, confirm, onConfirm } = question
  return (
    <ModalOverlay className="sheet-overlay" isOpen onOpenChange={onClose} isDismissable>
      <Modal className="sheet">
        <Dialog className="sheet-dialog confirm" role="alertdialog">
          {(titleProps) => (
            <>
              <h2 {...titleProps} className="sheet-title">
                <bdi>{title}</bdi>
              </h2>
              <p>{text}</p>
              <div className="confirm-buttons">
                <Button className="button" autoFocus onPress={onClose}>
                  Cancel
                </Button>
                <Button
                  className="button button-danger"
                  onPress={() => {
                    onClose()
                    onConfirm()
                  }}
                >
                  {confirm}
                </Button>
              </div>
            </>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}
