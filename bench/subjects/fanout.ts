import { bareWs, handWritten } from '../targets/peers.ts'
import { LATENCY_FIGURES, type Subject } from './subject.ts'

export const fanout: Subject = {
  name: 'fanout',
  summary: 'one group with 1,000 inboxes on one gateway, eight messages in flight',
  workload: 'fanOut',
  peers: [bareWs, handWritten],
  gateways: [1],
  opening: { pairs: 0, members: 1_000 },
  steps: [{ name: 'saturated', load: { inFlight: 8 } }],
  figures: [{ key: 'perSecond', title: 'deliveries', unit: '/s', isHigherBetter: true }, ...LATENCY_FIGURES],
  unitOfWork: 'delivery',
}
