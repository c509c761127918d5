import { type Finding, ok, problem } from './finding.ts'

/** The first version that strips types and supports `await using`. */
const OLDEST_MAJOR = 24

export function checkNode(version: string): Finding {
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return ok(`Node.js ${version}`)
  return problem(`Node.js ${version} is too old`, `Install Node.js ${OLDEST_MAJOR} or newer.`)
}
