import { attacks } from '../attacks/attacks.ts'
import { growth } from '../growth/growth.ts'
import { hooks } from '../hooks/hooks.ts'
import { peak } from '../peak/peak.ts'
import { scroll } from '../scroll/scroll.ts'
import { uploads } from '../uploads/uploads.ts'
import { trace } from '../trace/trace.ts'
import { compare } from './comparison.ts'
import { COMPARISONS } from './comparisons.ts'
import type { Subject } from './subject.ts'

export const SUBJECTS: readonly Subject[] = [
  ...COMPARISONS.map(compare),
  trace,
  hooks,
  peak,
  growth,
  scroll,
  attacks,
  uploads,
]
