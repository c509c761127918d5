import { type ComponentType, lazy, type ReactNode, Suspense } from 'react'
import type * as Later from '../later.ts'

type Parts = typeof Later

/** Loads the parts that the first screen does not need. */
export function loadLater(): Promise<Parts> {
  return import('../later.ts')
}

/**
 * A component whose code is loaded when it is rendered for the first time: the first screen does not wait for it.
 * If it cannot be loaded, nothing is in its place until the page is loaded again.
 */
export function later<Props extends object>(
  choose: (parts: Parts) => ComponentType<Props>,
): (props: Props) => ReactNode {
  const Part = lazy(async () => ({ default: await loadLater().then(choose, () => Nothing) }))
  return (props) => (
    <Suspense>
      <Part {...props} />
    </Suspense>
  )
}

function Nothing(): ReactNode {
  return null
}
