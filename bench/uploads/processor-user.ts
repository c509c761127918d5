// A program that takes a part of a core, with the priority of inspections, and does nothing else.
import { setPriority } from 'node:os'
import { makeExpendable } from '../../src/media/expendable.ts'

const share = Number(process.argv[2])
const LOWEST = 19
/** About as long as the inspection of a photo. */
const TURN_MS = 500

setPriority(LOWEST)
makeExpendable()
process.on('disconnect', () => process.exit())
setInterval(() => {
  const before = process.threadCpuUsage()
  let usedMs = 0
  while (usedMs < TURN_MS * share) {
    const { user, system } = process.threadCpuUsage(before)
    usedMs = (user + system) / 1_000
  }
}, TURN_MS)
