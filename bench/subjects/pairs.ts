import { bareWs, handWritten } from '../targets/peers.ts'
import { LATENCY_FIGURES, type Subject } from './subject.ts'

export const pairs: Subject = {
  name: 'pairs',
  summary: '1:1 messages, saturated: 300 pairs in a closed loop, two gateways',
  workload: 'closedLoop',
  peers: [handWritten, bareWs],
  gateways: [2],
  opening: { pairs: 300, members: 0 },
  steps: [{ name: 'saturated', load: {} }],
  figures: [{ key: 'perSecond', title: 'messages', unit: '/s', isHigherBetter: true }, ...LATENCY_FIGURES],
  unitOfWork: 'message',
}
