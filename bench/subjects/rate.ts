import { bareWs, handWritten } from '../targets/peers.ts'
import { LATENCY_FIGURES, type Subject } from './subject.ts'

export const rate: Subject = {
  name: 'rate',
  summary: '1:1 messages, open loop at fixed rates: 200 pairs, one and two gateways',
  workload: 'openLoop',
  peers: [handWritten, bareWs],
  gateways: [1, 2],
  opening: { pairs: 200, members: 0 },
  steps: [100, 250, 500, 1_000, 2_000].map((perSecond) => ({ name: `${perSecond}/s`, load: { perSecond } })),
  figures: [
    ...LATENCY_FIGURES,
    { key: 'answerP50', title: 'send → answer p50', unit: 'ms', isHigherBetter: false },
    { key: 'lateP99', title: 'load generator late p99', unit: 'ms', isHigherBetter: false },
  ],
  unitOfWork: 'message',
}
