import type { ReactNode } from 'react'
import { Icon } from '../ui/icon.tsx'

const RADIUS = 17
const LENGTH = 2 * Math.PI * RADIUS

/** How far an upload is, as a ring around the button that ends it. */
export function Uploading({
  progress,
  isTabStop,
  onCancel,
}: Readonly<{ progress: number; isTabStop: boolean; onCancel(): void }>): ReactNode {
  const percent = Math.round(progress * 100)
  return (
    <button
      type="button"
      className="uploading"
      aria-label={`Cancel upload, ${percent} % done`}
      title={`${percent} %`}
      tabIndex={isTabStop ? 0 : -1}
      onClick={onCancel}
    >
      <svg viewBox="0 0 40 40" aria-hidden="true">
        <circle
          cx="20"
          cy="20"
          r={RADIUS}
          strokeDasharray={`${LENGTH * Math.max(0.03, progress)} ${LENGTH}`}
        />
      </svg>
      <Icon name="close" size={18} />
    </button>
  )
}
