import { Metrics, type Counter, type Histogram } from "../base/metrics.ts";
import type { AtOnce } from "./at-once.ts";

const secondsBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the app counts. */
export interface AppMetrics {
  readonly all: Metrics;
  /** By `method`, `route` and `status`. */
  readonly requests: Counter;
  /** By `route`. Where a runtime writes streamed bodies itself, their time is included. */
  readonly requestSeconds: Histogram;
  /** Bytes of streamed replies. */
  readonly sentBytes: Counter;
  /** By `outcome`: `planned` or `refused`. */
  readonly planSeconds: Histogram;
  /** By `operation` and `outcome`: `done`, `failed` or, of reads, `left` (given up by the reader). */
  readonly storeCalls: Counter;
  readonly storeReadBytes: Counter;
  readonly storeWrittenBytes: Counter;
}

/** Makes the metrics of one app. */
export function appMetrics({ downloads, uploads, uploadBytes, plans, replyBytes }: AtOnce): AppMetrics {
  const all = new Metrics();
  const metrics = {
    all,
    requests: all.counter("boxcar_requests_total", "Requests by method, route and status."),
    requestSeconds: all.histogram("boxcar_request_seconds", "Time to answer requests.", secondsBounds),
    sentBytes: all.counter("boxcar_sent_bytes_total", "Bytes of media and files sent."),
    planSeconds: all.histogram("boxcar_plan_seconds", "Time to plan a range.", secondsBounds),
    storeCalls: all.counter("boxcar_store_calls_total", "Calls of the store by operation and outcome."),
    storeReadBytes: all.counter("boxcar_store_read_bytes_total", "Bytes read from the store."),
    storeWrittenBytes: all.counter("boxcar_store_written_bytes_total", "Bytes written to the store."),
  };
  all.gauge("boxcar_downloads", "Downloads that run.", () => downloads.taken);
  all.gauge("boxcar_uploads", "Uploads that run.", () => uploads.taken);
  all.gauge(
    "boxcar_upload_bytes",
    "Bytes that uploads that run keep in memory, the first MiB of each left out.",
    () => uploadBytes.taken,
  );
  all.gauge("boxcar_plan_bytes", "Bytes of the plans of downloads that run, small ones left out.", () => plans.taken);
  all.gauge(
    "boxcar_reply_bytes",
    "Bytes of lists and timelines that clients have not taken yet, small ones left out.",
    () => replyBytes.taken,
  );
  return metrics;
}
