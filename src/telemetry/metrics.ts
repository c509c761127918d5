import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Everything that one instance counts. Names and units follow https://prometheus.io/docs/practices/naming/. */
export type Metrics = ReturnType<typeof createMetrics>

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/** A registry of its own per instance: two gateways in one process don't mix theirs. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name: `parley_${name}`, help, labelNames, registers })
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `parley_${name}`, help, buckets, registers })
  /** A value that is asked for when somebody reads the metrics. `read` must not reject. */
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name: `parley_${name}`,
      help,
      registers,
      async collect() {
        this.set(await read())
      },
    })

  return {
    registry,
    gauge,
    /** Also counts what every Node.js process has: event-loop delay, memory, garbage collection. */
    startDefaults: () => collectDefaultMetrics({ register: registry, prefix: 'parley_' }),
    sends: counter('sends_total', 'Messages that were asked to be sent, by what came of it.', ['outcome']),
    sendBatchSize: histogram('send_batch_size', 'Messages written by one statement.', SIZES),
    commitSeconds: histogram('commit_seconds', 'Time from a batch of messages to its commit.', SECONDS),
    appendRetries: counter('append_retries_total', 'Batches that were tried again, by why.', ['kind']),
    publishes: counter('publishes_total', 'Messages to other gateways, by what came of it.', ['outcome']),
    undelivered: counter(
      'undelivered_total',
      'Publishes to other gateways that failed or were skipped, so that those gateways must resync, by reason.',
      ['reason'],
    ),
    received: counter('received_total', 'Messages from other gateways, by whether they were understood.', [
      'outcome',
    ]),
    presenceActivities: counter(
      'presence_activities_total',
      'User activities that were recorded in the presence store, or failed to be.',
      ['outcome'],
    ),
    presenceEdges: counter(
      'presence_edges_total',
      'Presence edges that this gateway published: users who came online, went offline or became unknown.',
      ['edge'],
    ),
    expired: counter('expired_messages_total', 'Expired messages that were erased.'),
    logEntriesDeleted: counter(
      'log_entries_deleted_total',
      'Log entries that were older than LOG_RETENTION, and left.',
    ),
    deliveries: counter(
      'deliveries_total',
      'Items written to streams, by whether they were replayed or live.',
      ['phase'],
    ),
    replays: counter('replays_total', 'Streams that began with a replay, by how it ended.', ['outcome']),
    overflows: counter(
      'queue_overflows_total',
      'Streams that were cut off because their reader was too slow.',
    ),
    gaps: counter('gaps_total', 'Attempts to read missing events from a chat log, by outcome.', ['outcome']),
    resyncs: counter(
      'resyncs_total',
      'Resyncs of all users of this gateway with the chat logs, by the fault that caused them.',
      ['reason'],
    ),
    refused: counter(
      'refused_total',
      'Operations that were rejected because of overload or a quota, by code and feature.',
      ['code', 'feature'],
    ),
    rateLimited: counter(
      'rate_limited_total',
      'Operations that were rejected because a quota was used up or the sender was throttled, by class.',
      ['class'],
    ),
    rejectedConnections: counter(
      'rejected_connections_total',
      'New connections that were rejected because of load, or because too many started at once.',
    ),
    writerChanges: counter('database_writer_changes_total', 'Times that writes went to another primary.'),
    writerSearchSeconds: histogram(
      'database_writer_search_seconds',
      'How long this gateway was without a server to write to.',
      SECONDS,
    ),
    reads: counter('database_reads_total', 'Reads, by the kind of server and the reason for its choice.', [
      'from',
      'reason',
    ]),
    resyncedUsers: counter('resynced_users_total', 'Users whose chats were compared with the chat logs.'),
  }
}
