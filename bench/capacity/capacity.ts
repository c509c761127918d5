// npm run capacity: estimates the machines that a number of users needs. See docs/capacity.md.
import { Command, InvalidArgumentError } from 'commander'
import { MEASUREMENTS } from './measurements.ts'
import { type Assumptions, DEFAULTS, estimate } from './model.ts'
import { capacityTable } from './report.ts'

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0) || value === Infinity) throw new InvalidArgumentError('It must be a positive number.')
  return value
}

const share = (text: string): number => {
  const value = positive(text)
  if (value > 1) throw new InvalidArgumentError('It must be above 0 and at most 1.')
  return value
}

const listOf = (text: string): readonly number[] => text.split(',').map(positive)

type Given = Omit<Assumptions, 'users'> & Readonly<{ users: readonly number[] }>

await new Command('npm run capacity --')
  .description('Estimates gateways, Redis and PostgreSQL for a number of users, from measured costs.')
  .option('--users <counts>', 'users, comma-separated; 10e6 is ten million', listOf, [1e4, 1e7, 1e9])
  .option('--online-share <share>', 'users online at the busiest time', share, DEFAULTS.onlineShare)
  .option('--devices <count>', 'connected devices of a user who is online', positive, DEFAULTS.devices)
  .option('--messages-per-user <count>', 'messages a day', positive, DEFAULTS.messagesPerUser)
  .option('--recipients <count>', 'members besides the sender', positive, DEFAULTS.recipients)
  .option('--characters <count>', 'length of a message', positive, DEFAULTS.characters)
  .option('--day-peak <factor>', 'busiest second of a day, times the average', positive, DEFAULTS.dayPeak)
  .option(
    '--year-peak <factor>',
    "New Year's Eve, times the busiest second of a day",
    positive,
    DEFAULTS.yearPeak,
  )
  .option(
    '--operations-per-delivery <count>',
    'receipts and heartbeats',
    positive,
    DEFAULTS.operationsPerDelivery,
  )
  .option('--operation-us <us>', 'CPU time of such an operation', positive, DEFAULTS.operationUs)
  .option('--reconnect-seconds <s>', 'time for all devices to reconnect', positive, DEFAULTS.reconnectSeconds)
  .option('--utilisation <share>', 'of a core at the peak', share, DEFAULTS.utilisation)
  .option('--gateway-memory <bytes>', 'for the connections of a gateway', positive, DEFAULTS.gatewayMemory)
  .option('--postgres-cores <count>', 'of a PostgreSQL server', positive, DEFAULTS.postgresCores)
  .option('--postgres-disk <bytes>', 'of a PostgreSQL server', positive, DEFAULTS.postgresDisk)
  .option('--copies <count>', 'primary and replicas', positive, DEFAULTS.copies)
  .action(({ users, ...others }: Given) => {
    const estimates = users.map((count) => {
      const assumed = { ...others, users: count }
      return { assumed, estimate: estimate(assumed, MEASUREMENTS) }
    })
    process.stdout.write(`${capacityTable(estimates)}\n`)
  })
  .parseAsync()
