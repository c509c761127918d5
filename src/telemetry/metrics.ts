import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { createTalliedCounter } from './tallied-counter.ts'

/** The metrics of one gateway. Names and units follow https://prometheus.io/docs/practices/naming/. */
export type Metrics = ReturnType<typeof createMetrics>

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/** Each gateway has its own registry, so that two gateways in one process do not share metrics. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    labelNames.length > 1
      ? new Counter({ name: `parley_${name}`, help, labelNames, registers })
      : createTalliedCounter({ name: `parley_${name}`, help, labelNames, registers })
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `parley_${name}`, help, buckets, registers })
  /** A gauge whose value is read when metrics are collected. `read` must not reject. */
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
    /** Adds the metrics of the Node.js process: event-loop delay, memory, garbage collection. */
    startDefaults: () => collectDefaultMetrics({ register: registry, prefix: 'parley_' }),
    sends: counter('sends_total', 'Sends, by outcome.', ['outcome']),
    webhookDeliveries: counter('webhook_deliveries_total', 'Events posted to webhooks, by outcome.', [
      'outcome',
    ]),
    pushMessages: counter('push_messages_total', 'Push messages to devices, by provider and outcome.', [
      'provider',
      'outcome',
    ]),
    pushDelay: histogram(
      'push_delay_seconds',
      'Time from the sending of a message until a provider has accepted a push about it.',
      [0.1, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 300, 3_600],
    ),
    hookDecisions: counter(
      'hook_decisions_total',
      'Messages that the message hook decided about, by decision.',
      ['decision'],
    ),
    sendBatchSize: histogram('send_batch_size', 'Messages written by one statement.', SIZES),
    commitSeconds: histogram('commit_seconds', 'Time from the start of a batch to its commit.', SECONDS),
    appendRetries: counter('append_retries_total', 'Batches that were retried, by the kind of error.', [
      'kind',
    ]),
    publishes: counter('publishes_total', 'Messages published to other gateways, by outcome.', ['outcome']),
    undelivered: counter(
      'undelivered_total',
      'Publishes to other gateways that failed or were skipped, so that those gateways must resync, by reason.',
      ['reason'],
    ),
    received: counter(
      'received_total',
      'Messages received from other gateways, by whether they could be decoded.',
      ['outcome'],
    ),
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
    mediaUploads: counter('media_uploads_total', 'Requests that upload a file, by outcome.', ['outcome']),
    mediaUploadBytes: counter('media_upload_bytes_total', 'Bytes of files that were stored.'),
    mediaTransferBytes: counter(
      'media_transfer_bytes_total',
      'Bytes of files that passed the gateway, in both directions, which MEDIA_BYTES_PER_SECOND limits.',
    ),
    mediaInspectionSeconds: histogram(
      'media_inspection_seconds',
      'Time that an uploaded file waits for its inspection and is inspected.',
      SECONDS,
    ),
    mediaInspectionFailures: counter(
      'media_inspection_failures_total',
      'Inspections of uploads without a result, by reason.',
      ['reason'],
    ),
    mediaScans: counter('media_scans_total', 'Files that the virus scanner was asked about, by verdict.', [
      'verdict',
    ]),
    mediaDownloads: counter('media_downloads_total', 'Requests for files, by status.', ['status']),
    mediaDeleted: counter('media_deleted_total', 'Uploads whose bytes were deleted.'),
    logEventsDeleted: counter(
      'log_events_deleted_total',
      'Events that were deleted from chat logs because they were older than LOG_RETENTION.',
    ),
    deletedChatRows: counter(
      'deleted_chat_rows_total',
      'Events and messages that were deleted because the product deleted their chat.',
    ),
    deliveries: counter('deliveries_total', 'Items written to streams, by phase: replay or live.', ['phase']),
    replays: counter('replays_total', 'Replays at the start of streams, by outcome.', ['outcome']),
    overflows: counter(
      'queue_overflows_total',
      'Streams that were closed because their client was too slow.',
    ),
    gaps: counter('gaps_total', 'Attempts to read missing events from a chat log, by outcome.', ['outcome']),
    resyncs: counter(
      'resyncs_total',
      'Resyncs of all users of this gateway with the chat logs, by the fault that caused them.',
      ['reason'],
    ),
    rejectedOperations: counter(
      'rejected_operations_total',
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
    writerChanges: counter('database_writer_changes_total', 'Changes of the primary that writes go to.'),
    writerSearchSeconds: histogram(
      'database_writer_search_seconds',
      'Times that this gateway spent without a primary.',
      SECONDS,
    ),
    reads: counter('database_reads_total', 'Reads, by the kind of server and the reason for its choice.', [
      'from',
      'reason',
    ]),
    resyncedUsers: counter('resynced_users_total', 'Users whose chats were compared with the chat logs.'),
  }
}
