import type { Measurements } from './measurements.ts'

/*
 * A model of the machines that a number of users needs. Every formula is a product of inputs, so that a reader can
 * check it by hand. docs/capacity.md explains them in the same order.
 */

/** Facts and guesses about the users. */
export type Assumptions = Readonly<{
  users: number
  /** The share of all users who are online at the busiest time of an ordinary day. */
  onlineShare: number
  /** Connected devices of a user who is online. */
  devices: number
  /** Messages that a user sends on an average day. */
  messagesPerUser: number
  /** Members of a chat besides the sender, averaged over messages. */
  recipients: number
  /** Characters of a message. Each takes a byte on the disk. */
  characters: number
  /** The busiest second of an ordinary day, as a multiple of the average. */
  dayPeak: number
  /** New Year's Eve, as a multiple of the busiest second of an ordinary day. */
  yearPeak: number
  /** Further operations of a device for each message it receives: receipts, and its part of the heartbeats. */
  operationsPerDelivery: number
  /** Gateway CPU time of such an operation. Not measured. */
  operationUs: number
  /** In this many seconds all devices must be able to reconnect, after a network failed. */
  reconnectSeconds: number
  /** The share of a core that may be used at the peak. The rest is for what varies. */
  utilisation: number
  /** Memory of a gateway for connections, in bytes. */
  gatewayMemory: number
  /** Of one PostgreSQL server. */
  postgresCores: number
  postgresDisk: number
  /** Copies of the data: a primary and its replicas. */
  copies: number
}>

export const DEFAULTS: Omit<Assumptions, 'users'> = {
  onlineShare: 0.2,
  devices: 1.2,
  messagesPerUser: 40,
  recipients: 4,
  characters: 100,
  dayPeak: 3,
  yearPeak: 5,
  operationsPerDelivery: 1,
  operationUs: 150,
  reconnectSeconds: 300,
  utilisation: 0.6,
  gatewayMemory: 1e9,
  postgresCores: 32,
  postgresDisk: 8e12,
  copies: 3,
}

export type Estimate = Readonly<{
  connections: number
  /** Messages a second: on average, at the peak of a day, and at the peak of a year. */
  messages: Readonly<{ average: number; dayPeak: number; yearPeak: number }>
  deliveriesAtYearPeak: number
  reconnectsPerSecond: number
  /** A gateway is a process with one core. `limit` says what decides their number. */
  gateways: Readonly<{ count: number; limit: 'messages' | 'reconnects' | 'memory' | 'one may fail' }>
  redis: Readonly<{ shards: number; memory: number }>
  postgres: Readonly<{ cores: number; servers: number; limit: 'processor' | 'disk' }>
  /** Bytes a year, of one copy and of all. */
  storage: Readonly<{ perYear: number; withCopies: number }>
}>

const DAY_S = 86_400
const DAYS_PER_YEAR = 365
const US_PER_S = 1e6
/** Two, so that one may fail. */
const FEWEST_GATEWAYS = 2

export function estimate(assumed: Assumptions, measured: Measurements): Estimate {
  const average = (assumed.users * assumed.messagesPerUser) / DAY_S
  const dayPeak = average * assumed.dayPeak
  const yearPeak = dayPeak * assumed.yearPeak
  const connections = assumed.users * assumed.onlineShare * assumed.devices
  const deliveries = yearPeak * assumed.recipients * assumed.onlineShare * assumed.devices
  const reconnects = connections / assumed.reconnectSeconds
  const perYear = average * DAY_S * DAYS_PER_YEAR * (measured.diskBytesPerMessage + assumed.characters)

  const gateways = gatewaysFor({ yearPeak, deliveries, reconnects, connections }, assumed, measured)
  // A message is published once to each other gateway that has a recipient.
  const publishes = yearPeak * Math.min(gateways.count - 1, assumed.recipients * assumed.onlineShare)
  return {
    connections,
    messages: { average, dayPeak, yearPeak },
    deliveriesAtYearPeak: deliveries,
    reconnectsPerSecond: reconnects,
    gateways,
    redis: {
      shards: cores(publishes * measured.redisUsPerPublish, assumed),
      memory: assumed.users * assumed.onlineShare * measured.redisBytesPerUser,
    },
    postgres: postgresFor({ yearPeak, reconnects, perYear }, assumed, measured),
    storage: { perYear, withCopies: perYear * assumed.copies },
  }
}

type Load = Readonly<{
  yearPeak: number
  deliveries: number
  reconnects: number
  connections: number
  perYear: number
}>

/** Messages and reconnects are not added: after a fault, overload control admits devices as fast as there is room. */
function gatewaysFor(
  { yearPeak, deliveries, reconnects, connections }: Omit<Load, 'perYear'>,
  assumed: Assumptions,
  measured: Measurements,
): Estimate['gateways'] {
  const operationUs = assumed.operationsPerDelivery * assumed.operationUs
  const messageUs =
    yearPeak * measured.gatewayUsPerMessage + deliveries * (measured.gatewayUsPerDelivery + operationUs)
  const needs = [
    { limit: 'messages', count: cores(messageUs, assumed) },
    { limit: 'reconnects', count: cores(reconnects * measured.gatewayUsPerConnect, assumed) },
    {
      limit: 'memory',
      count: Math.ceil((connections * measured.gatewayBytesPerConnection) / assumed.gatewayMemory),
    },
    { limit: 'one may fail', count: FEWEST_GATEWAYS },
  ] as const
  return needs.reduce((most, need) => (need.count > most.count ? need : most))
}

function postgresFor(
  { yearPeak, reconnects, perYear }: Pick<Load, 'yearPeak' | 'reconnects' | 'perYear'>,
  assumed: Assumptions,
  measured: Measurements,
): Estimate['postgres'] {
  const messagesUs = yearPeak * measured.postgresUsPerMessage
  const needed = cores(Math.max(messagesUs, reconnects * measured.postgresUsPerConnect), assumed)
  const byCores = Math.ceil(needed / assumed.postgresCores)
  const byDisk = Math.ceil(perYear / assumed.postgresDisk)
  return {
    cores: needed,
    servers: Math.max(byCores, byDisk),
    limit: byDisk > byCores ? 'disk' : 'processor',
  }
}

/** Returns the cores for so many microseconds of CPU time a second. */
function cores(us: number, { utilisation }: Assumptions): number {
  return Math.max(1, Math.ceil(us / US_PER_S / utilisation))
}
