import type { ReactNode } from 'react'

/** Paths of the icons, drawn with a line of two pixels in a square of 24. */
const PATHS = {
  back: 'M15 5l-7 7 7 7',
  bell: 'M6 16.500V11a6 6 0 0 1 12 0v5.500l1.500 1.500h-15zM10 20.500a2.200 2.200 0 0 0 4 0',
  'bell-off': 'M8 6.500A6 6 0 0 1 18 11v4M6 10.500v6L4.500 18H16M10 20.500a2.200 2.200 0 0 0 4 0M4 4l16 16',
  check: 'M5 12.5l4.500 4.500L19 7.500',
  clock: 'M12 7v5l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18',
  close: 'M6 6l12 12M18 6L6 18',
  compose: 'M12 20h8M4 20l.8-3.800L15.500 5.500a2.100 2.100 0 0 1 3 3L7.800 19.200z',
  copy: 'M9 9h10v10H9zM15 9V5H5v10h4',
  down: 'M6 9l6 6 6-6',
  download: 'M12 4v11M7.500 11l4.500 4.500L16.500 11M5 20h14',
  edit: 'M4 20l.8-3.800L15.500 5.500a2.100 2.100 0 0 1 3 3L7.800 19.200z',
  file: 'M13.500 3.500H7a1.500 1.500 0 0 0-1.500 1.500v14A1.500 1.500 0 0 0 7 20.500h10a1.500 1.500 0 0 0 1.500-1.500V8.500zM13.500 3.500v5h5',
  film: 'M4 6.500h11v11H4zM15 10.500l5-3v9l-5-3',
  group:
    'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7M2.500 20c0-3.600 2.900-6 6.500-6s6.500 2.400 6.500 6M16 4.300a3.500 3.500 0 0 1 0 6.400M18 14.400c2.100.9 3.500 2.900 3.500 5.600',
  info: 'M12 11v6M12 7.500v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18',
  mic: 'M12 14.500a3 3 0 0 0 3-3v-5a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3M5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3',
  more: 'M12 6v.01M12 12v.01M12 18v.01',
  moon: 'M20 14.500A8.500 8.500 0 1 1 9.500 4a7 7 0 0 0 10.500 10.500',
  pause: 'M8.500 6v12M15.500 6v12',
  picture:
    'M5.500 4.500h13a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1v-13a1 1 0 0 1 1-1M5 17l4.500-5 3.500 4 2-2 4 4M15.500 9v.01',
  play: 'M8 5.500v13l10.500-6.500z',
  plus: 'M12 5v14M5 12h14',
  reply: 'M10 6L4 12l6 6M4 12h9a7 7 0 0 1 7 7',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16.200 16.200L21 21',
  send: 'M5 12l-1.500-7.500L21 12 3.500 19.500zM5 12h8',
  settings:
    'M4 7h9M19 7h1M4 17h1M11 17h9M16 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5M8 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5',
  smile:
    'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M8.500 14c.8 1.200 2 2 3.500 2s2.700-.8 3.500-2M9 9.500v.01M15 9.500v.01',
  timer: 'M12 21a8 8 0 1 0 0-16 8 8 0 0 0 0 16M12 9v4l2.500 1.500M9.500 2h5',
  trash: 'M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7',
  warning: 'M12 4L2.500 20h19zM12 10v4M12 17v.01',
} as const

export type IconName = keyof typeof PATHS

/** An icon without meaning of its own: what it is next to, or the label of its button, says what it means. */
export function Icon({ name, size = 20 }: Readonly<{ name: IconName; size?: number }>): ReactNode {
  return (
    <svg className={`icon icon-${name}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
