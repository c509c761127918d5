import { ejabberd, hasEjabberd } from '../targets/ejabberd.ts'
import { withAllTypes, withPush, withWebhook } from '../targets/followers.ts'
import { bareWs, floor, graphqlWs, handWritten, yoga } from '../targets/peers.ts'
import { type Comparison, LATENCY_FIGURES, throughput } from './subject.ts'

const RATES = [100, 250, 500, 1_000, 2_000]
/** It takes part if it is installed. */
const EJABBERD = hasEjabberd() ? [ejabberd] : []
const NO_USERS = { pairs: 0, members: 0 }

/** All comparisons. PostgreSQL, Redis, the load generator and all systems share the machine. */
export const COMPARISONS: readonly Comparison[] = [
  {
    name: 'pairs',
    summary: '1:1 messages, saturated: 300 pairs in a closed loop, two gateways',
    workload: 'closedLoop',
    peers: [...EJABBERD, handWritten, bareWs],
    gateways: [2],
    opening: { ...NO_USERS, pairs: 300 },
    steps: [{ name: 'saturated', load: {} }],
    figures: [throughput('messages'), ...LATENCY_FIGURES],
    unitOfWork: 'message',
  },
  {
    name: 'rate',
    summary: '1:1 messages, open loop at fixed rates: 200 pairs, one and two gateways',
    workload: 'openLoop',
    peers: [...EJABBERD, handWritten, floor, bareWs],
    gateways: [1, 2],
    opening: { ...NO_USERS, pairs: 200 },
    steps: RATES.map((perSecond) => ({ name: `${perSecond.toLocaleString('en')}/s`, load: { perSecond } })),
    figures: [
      ...LATENCY_FIGURES,
      { key: 'answerP50', title: 'send → answer p50', unit: 'ms', isDetail: true },
      { key: 'lateP99', title: 'load generator late p99', unit: 'ms', isDetail: true },
    ],
    unitOfWork: 'message',
  },
  {
    name: 'followers',
    summary:
      '1:1 messages, open loop: without a follower, with a webhook, with all its types, with push, one gateway',
    workload: 'openLoop',
    peers: [withWebhook, withAllTypes, withPush],
    gateways: [1],
    opening: { ...NO_USERS, pairs: 200 },
    steps: [{ name: '250/s', load: { perSecond: 250 } }],
    figures: LATENCY_FIGURES,
    unitOfWork: 'message',
  },
  {
    name: 'one-pair',
    summary: '1:1 messages, one pair on an idle machine, 20 a second, two gateways',
    workload: 'openLoop',
    peers: [...EJABBERD, handWritten, floor, bareWs],
    gateways: [2],
    opening: { ...NO_USERS, pairs: 1 },
    steps: [{ name: '20/s', load: { perSecond: 20 } }],
    // At 20 a second, V8 would need minutes to compile what a gateway in use has compiled.
    warmUp: { perSecond: 500 },
    figures: LATENCY_FIGURES,
    unitOfWork: 'message',
  },
  {
    name: 'fanout',
    summary: 'one group with 1,000 inboxes on one gateway, eight messages in flight',
    workload: 'fanOut',
    peers: [bareWs, graphqlWs, yoga, handWritten],
    gateways: [1],
    opening: { ...NO_USERS, members: 1_000 },
    steps: [{ name: 'saturated', load: { inFlight: 8 } }],
    figures: [throughput('deliveries'), ...LATENCY_FIGURES],
    unitOfWork: 'delivery',
  },
  {
    name: 'group',
    summary: 'one group with 1,000 inboxes over two gateways, eight messages in flight',
    workload: 'fanOut',
    peers: [handWritten, bareWs],
    gateways: [2],
    opening: { ...NO_USERS, members: 1_000 },
    steps: [{ name: 'saturated', load: { inFlight: 8 } }],
    figures: [throughput('deliveries'), ...LATENCY_FIGURES],
    unitOfWork: 'delivery',
  },
  {
    name: 'hot-chat',
    summary: '200 members of one group send at the same time, each with one message in flight',
    workload: 'hotChat',
    peers: [handWritten],
    gateways: [2],
    opening: { ...NO_USERS, members: 200 },
    steps: [{ name: 'saturated', load: {} }],
    figures: [
      throughput('messages'),
      { key: 'p50', title: 'send → answer p50', unit: 'ms' },
      { key: 'closes', title: 'reconnects of the inbox', unit: '' },
    ],
    unitOfWork: 'message',
  },
  {
    name: 'history',
    summary: 'pages of 100 messages from a chat of 2,000, eight requests in flight, one gateway',
    workload: 'history',
    peers: [handWritten],
    gateways: [1],
    opening: { ...NO_USERS, pairs: 8 },
    steps: [{ name: 'saturated', load: {} }],
    figures: [throughput('messages'), { key: 'p50', title: 'request → page p50', unit: 'ms' }],
    unitOfWork: 'message',
  },
  {
    name: 'connect',
    summary: 'new users connect and start an inbox, 90 at a time, one gateway',
    workload: 'connect',
    peers: [handWritten, bareWs],
    gateways: [1],
    // A gateway accepts a hundred connections of one address that have not authenticated yet.
    opening: { ...NO_USERS, pairs: 90 },
    steps: [{ name: 'saturated', load: {} }],
    figures: [throughput('inboxes'), { key: 'p50', title: 'connect → live p50', unit: 'ms' }],
    unitOfWork: 'inbox',
  },
  {
    name: 'replay',
    summary: '1,000 devices of one group replay 300 pending events each, two gateways',
    workload: 'replay',
    peers: [],
    gateways: [2],
    opening: { ...NO_USERS, members: 1_000 },
    steps: [{ name: 'all at once', load: {} }],
    figures: [throughput('events'), { key: 'p50', title: 'connect → caught up p50', unit: 'ms' }],
    unitOfWork: 'event',
    warmUp: 'none',
  },
  {
    name: 'memory',
    summary: 'memory of idle connections with an inbox: 2,500 more in each round, one gateway',
    workload: 'idle',
    peers: [bareWs],
    gateways: [1],
    opening: { ...NO_USERS, members: 2_500 },
    steps: [{ name: 'idle', load: {} }],
    figures: [
      { key: 'heapKb', title: 'heap and buffers per connection', unit: 'kB' },
      { key: 'residentKb', title: 'resident memory per connection', unit: 'kB' },
    ],
    unitOfWork: 'connection',
    isOpen: true,
    warmUp: 'none',
  },
]
