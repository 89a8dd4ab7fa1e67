import type { ImportEvent } from '../imports/events.js'
import type { S3Request } from '../uploads/s3/bucket.js'
import type { Outcome } from '../webhooks/deliveries.js'

/** Events of a worker, for counting them. Plain data, since they cross threads. */
export type WorkerEvent =
  | ImportEvent
  | { readonly kind: 'expired'; readonly what: 'upload' | 'error' | 'delivery'; readonly count: number }
  | { readonly kind: 'delivery'; readonly outcome: Outcome }
  | ({ readonly kind: 's3 request' } & S3Request)
  | { readonly kind: 'log line dropped' }
  | { readonly kind: 'pool'; readonly total: number; readonly idle: number; readonly waiting: number }
