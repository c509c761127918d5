/**
 * The inputs of the model that were measured, on the machine of docs/performance.md. CPU time is in microseconds of one
 * core of that machine, an AMD EPYC at 2.45 GHz. `npm run bench` measures them again: the subject is named with each.
 */
export type Measurements = Readonly<{
  /** `pairs`: all gateways, for a message from one user to another on another gateway, with its answer. */
  gatewayUsPerMessage: number
  /** `pairs`: PostgreSQL, for storing a message in a batch. */
  postgresUsPerMessage: number
  /** `group`: the receiving gateway, for each further device that a message goes to. */
  gatewayUsPerDelivery: number
  /** `rate` at 2,000 a second: Redis, for a message that is published to one gateway. */
  redisUsPerPublish: number
  /** `connect`: a gateway, for a device that connects and starts its inbox, and that leaves again. */
  gatewayUsPerConnect: number
  /** `connect`: PostgreSQL, for such a device of a new user. */
  postgresUsPerConnect: number
  /** `memory`: heap and buffers of a gateway for an idle connection with an inbox. */
  gatewayBytesPerConnection: number
  /** Keys of a user who is online, in `INFO memory` of Redis with 2,500 of them. */
  redisBytesPerUser: number
  /** `growth`: rows and indexes of a message and its event on the disk, without the text of the message. */
  diskBytesPerMessage: number
}>

export const MEASUREMENTS: Measurements = {
  gatewayUsPerMessage: 150,
  postgresUsPerMessage: 60,
  gatewayUsPerDelivery: 4,
  redisUsPerPublish: 33,
  gatewayUsPerConnect: 373,
  postgresUsPerConnect: 142,
  gatewayBytesPerConnection: 8_000,
  redisBytesPerUser: 234,
  diskBytesPerMessage: 425,
}
