const DAY_MS = 86_400_000

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'long' })
const SHORT_WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'short' })
const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long' })
const DATE_AND_YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
const SHORT_DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })

/** Returns a number that is the same for all times of one local day. */
export function dayOf(date: Date): number {
  return date.getFullYear() * 10_000 + date.getMonth() * 100 + date.getDate()
}

/** "14:03". */
export function clockTime(date: Date): string {
  return CLOCK.format(date)
}

/** "Today", "Yesterday", "Monday", "3 November" or "3 November 2025". */
export function dayName(date: Date, now: Date): string {
  const age = daysBetween(date, now)
  if (age === 0) return 'Today'
  if (age === 1) return 'Yesterday'
  if (age > 1 && age < 7) return WEEKDAY.format(date)
  return (date.getFullYear() === now.getFullYear() ? DATE : DATE_AND_YEAR).format(date)
}

/** For lists: "14:03", "Yesterday", "Mon" or "3 Nov". */
export function shortTime(date: Date, now: Date): string {
  const age = daysBetween(date, now)
  if (age <= 0) return CLOCK.format(date)
  if (age === 1) return 'Yesterday'
  return (age < 7 ? SHORT_WEEKDAY : SHORT_DATE).format(date)
}

/** "last seen just now", "last seen today at 14:03" or "last seen 3 November". */
export function lastSeen(date: Date, now: Date): string {
  if (now.getTime() - date.getTime() < 60_000) return 'last seen just now'
  const day = dayName(date, now)
  const isRecent = daysBetween(date, now) < 2
  return isRecent ? `last seen ${day.toLowerCase()} at ${clockTime(date)}` : `last seen ${day}`
}

/** The time that is left: "3 d", "5 h", "12 min" or "40 s". */
export function timeLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} d`
  if (seconds >= 2 * 3_600) return `${Math.floor(seconds / 3_600)} h`
  if (seconds >= 120) return `${Math.floor(seconds / 60)} min`
  return `${seconds} s`
}

/** "1 day", "30 days", "1 hour", "90 seconds". */
export function duration(seconds: number): string {
  for (const [unit, size] of UNITS) {
    if (seconds % size === 0 && seconds >= size) {
      const count = seconds / size
      return `${count} ${unit}${count === 1 ? '' : 's'}`
    }
  }
  return `${seconds} seconds`
}

const UNITS = [
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

function daysBetween(date: Date, now: Date): number {
  return Math.round((midnight(now) - midnight(date)) / DAY_MS)
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}
