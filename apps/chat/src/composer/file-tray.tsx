import { altTextOf, withAltText } from '@parley/client/uploads'
import type { ReactNode } from 'react'
import { fileSize } from '../files/labels.ts'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { type DraftFile, removeDraftFile } from './draft-files.ts'

/** The files of the next message. */
export function FileTray({
  chatId,
  files,
}: Readonly<{ chatId: string; files: readonly DraftFile[] }>): ReactNode {
  return (
    <ul className="tray" aria-label="Files to send">
      {files.map((draft) => (
        <li key={draft.id} className="tray-file">
          {draft.file.type.startsWith('image/') ? (
            <>
              <img src={draft.url} alt={draft.file.name} />
              <input
                className="file-size"
                aria-label={`Describe ${draft.file.name}`}
                placeholder="Describe"
                defaultValue={altTextOf(draft.file)}
                onChange={({ target }) => withAltText(draft.file, target.value)}
              />
            </>
          ) : (
            <span className="tray-text">
              <Icon name={draft.file.type.startsWith('video/') ? 'film' : 'file'} />
              <bdi className="file-name">{draft.file.name}</bdi>
              <span className="file-size">{fileSize(draft.file.size)}</span>
            </span>
          )}
          <IconButton
            icon="close"
            label={`Remove ${draft.file.name}`}
            onPress={() => removeDraftFile(chatId, draft)}
          />
        </li>
      ))}
    </ul>
  )
}
