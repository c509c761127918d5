import { type ComponentType, lazy, type ReactNode, Suspense } from 'react'

/**
 * A component whose code is loaded when it is rendered for the first time: the first screen does not wait for it.
 * If it cannot be loaded, nothing is in its place until the page is loaded again.
 */
export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => ReactNode {
  const Part = lazy(async () => ({ default: await load().catch(() => Nothing) }))
  return (props) => (
    <Suspense>
      <Part {...props} />
    </Suspense>
  )
}

function Nothing(): ReactNode {
  return null
}
