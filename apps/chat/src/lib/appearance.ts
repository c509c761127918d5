import { useSyncExternalStore } from 'react'

/** How the page looks. `system` follows the device. */
export type Appearance = Readonly<{ theme: 'system' | 'light' | 'dark'; direction: 'ltr' | 'rtl' }>

const KEY = 'parley:appearance'
const DEFAULT: Appearance = { theme: 'system', direction: 'ltr' }

const listeners = new Set<() => void>()
let current = read()

function read(): Appearance {
  try {
    return { ...DEFAULT, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Appearance>) }
  } catch {
    return DEFAULT
  }
}

/** Puts the appearance onto the document, now and when another window changes it. */
export function applyAppearance(): void {
  apply()
  addEventListener('storage', ({ key }) => {
    if (key !== KEY) return
    current = read()
    apply()
  })
}

function apply(): void {
  const { documentElement: root } = document
  root.dir = current.direction
  if (current.theme === 'system') delete root.dataset['theme']
  else root.dataset['theme'] = current.theme
  for (const listener of listeners) listener()
}

export function setAppearance(changes: Partial<Appearance>): void {
  current = { ...current, ...changes }
  try {
    localStorage.setItem(KEY, JSON.stringify(current))
  } catch {
    // Storage is blocked: the choice ends with the page.
  }
  apply()
}

export function useAppearance(): Appearance {
  return useSyncExternalStore(subscribe, () => current)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
