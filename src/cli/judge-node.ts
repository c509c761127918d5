import { bad, type Finding, good } from './finding.ts'

/** The first that runs TypeScript as it stands and has `await using`. */
const OLDEST_MAJOR = 24

export function judgeNode(version: string): Finding {
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return good(`Node.js ${version}`)
  return bad(`Node.js ${version} is too old`, `Install Node.js ${OLDEST_MAJOR} or newer.`)
}
