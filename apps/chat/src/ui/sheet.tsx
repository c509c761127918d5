import type { ReactNode } from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Heading } from 'react-aria-components/Heading'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
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
          <header className="sheet-header">
            <Heading slot="title" className="sheet-title">
              {title}
            </Heading>
            <IconButton icon="close" label="Close" onPress={onClose} />
          </header>
          <div className="sheet-content">{children}</div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}
