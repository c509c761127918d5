import { fanout } from './fanout.ts'
import { pairs } from './pairs.ts'
import { rate } from './rate.ts'
import type { Subject } from './subject.ts'

export const SUBJECTS: readonly Subject[] = [pairs, rate, fanout]
