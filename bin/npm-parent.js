// Plain JavaScript with no recent syntax, because any Node.js may run it.

const CHECK_MS = 500

/**
 * Whether `script`, which npm or npx runs in a shell, starts Parley and waits for it. A script may also start Parley in
 * the background, under `nohup` or with a process manager: then the parent may end before Parley.
 */
export function startsParley(script) {
  const isInBackground = /[^&>]&(?![&>])/.test(script)
  return (
    !isInBackground && /(^|&&|\|\||;)\s*(\w+=\S*\s+)*(node\s+)?['"]?\S*parley(\.js)?['"]?(\s|$)/.test(script)
  )
}

/**
 * Calls the listener when the shell that npm started for this process has ended. npm forwards a signal to that shell
 * alone. The shell ends and forwards nothing, so a new parent is all that this process notices. On Windows, the parent
 * never changes.
 */
export function onParentEnd(listener) {
  if (!startsParley(process.env.npm_lifecycle_script || '')) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    listener()
  }, CHECK_MS)
  timer.unref()
}
