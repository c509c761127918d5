import type { ReactNode } from 'react'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { Dialog } from './dialog.tsx'
import { IconButton } from './icon-button.tsx'

/** A dialog over the page: in the middle of a large window, and the whole of a small one. */
export function Sheet({
  title,
  isOpen,
  onClose,
  children,
}: Readonly<{ title: string; isOpen: boolean; onClose(): void; children: ReactNode }>): ReactNode {
  return (
    <ModalOverlay
      className="sheet-overlay"
      isOpen={isOpen}
      onOpenChange={(open) => open || onClose()}
      isDismissable
    >
      <Modal className="sheet">
        <Dialog className="sheet-dialog">
          {(titleProps) => (
            <>
              <header className="sheet-header">
                <h2 {...titleProps} className="sheet-title">
                  {title}
                </h2>
                <IconButton icon="close" label="Close" onPress={onClose} />
              </header>
              <div className="sheet-content">{children}</div>
            </>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}
