import { createClient, type Client } from "@libsql/client/http";
import { Catalog } from "../../catalog/catalog.ts";
import { BoxcarError } from "../../base/errors.ts";
import { paused } from "../../base/paused.ts";
import { batchOver, kyselyOver } from "./libsql-database.ts";
import type { Reader } from "./libsql-dialect.ts";
import type { OpenCatalog } from "./open-catalog.ts";
import { queueWrites, type TimedBatch } from "./write-queue.ts";

/** Where a catalog's servers are. */
export interface CatalogServers {
  /** The primary: `http:`, `https:`, or `libsql:`, which is HTTPS. */
  readonly url: string;
  /** Answers wide reads: a client of a replica, closed with the catalog, or the URL of a replica. */
  readonly replica?: Reader | { readonly url: string } | undefined;
  /** Bearer token of both. */
  readonly token?: string | undefined;
  /** How long one read or write may take, the replica's and the primary's turn together. Default: 1900 ms. */
  readonly timeoutMs?: number | undefined;
  /** Writes this process sends at a time, while others wait in line. Default: no limit. */
  readonly writesAtOnce?: number | undefined;
}

/** The first pause before a call is repeated for which the server had no room (429: nothing of it was begun), milliseconds. */
const FIRST_PAUSE_MS = 20;

/** The replica's part of the time a read may take, when there is one. */
const REPLICA_SHARE = 0.4;

/**
 * Opens a catalog on libSQL servers over HTTP, with `fetch` alone: for every runtime. Nothing is sent before the first
 * call, and nothing is kept between calls: when a server comes back, the next call succeeds. `migrate` is the caller's.
 */
export function openCatalogHttp(servers: CatalogServers): OpenCatalog {
  const { url, replica, token, timeoutMs = 1900, writesAtOnce = Number.POSITIVE_INFINITY } = servers;
  const primary = clientOf(url, token, replica === undefined ? timeoutMs : timeoutMs * (1 - REPLICA_SHARE));
  const second =
    replica === undefined || "execute" in replica ? replica : clientOf(replica.url, token, timeoutMs * REPLICA_SHARE);
  const run: TimedBatch = async (statements, leftMs) => {
    const results = await beforeEnd(leftMs, primary.batch(statements, "write"));
    return results.map(({ rows }) => rows);
  };
  const db = {
    primary: kyselyOver(primary),
    replica: second && kyselyOver(second),
    batch: batchOver(queueWrites(run, { atOnce: writesAtOnce, limitMs: timeoutMs })),
  };
  const close = (): Promise<void> => {
    primary.close();
    second?.close();
    return Promise.resolve();
  };
  return { catalog: new Catalog(db), db, close };
}

/** A client of one server. Every call ends in time, with an answer or BoxcarError `catalog_unavailable` (503). */
export function clientOf(url: string, token: string | undefined, timeoutMs: number): Client {
  const timed = async (request: Request): Promise<Response> => {
    // The one GET asks, ahead of the first call, whether the server speaks Hrana 3: libSQL's all do. All later calls
    // would wait for its answer, on Workers in vain when the request that asked has been cancelled meanwhile.
    if (request.method === "GET") return new Response(null);
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const { url: address, method, headers } = request;
      const sent = await request.arrayBuffer();
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
        const response = await fetch(address, { method, headers, body: sent, signal });
        // Read here, so that the time limit and the reply to its end cover the body as well.
        const body = await response.arrayBuffer();
        if (response.ok) return new Response(body, response);
        const isCrowded = response.status === 429;
        // Chance keeps those that were refused together from meeting again.
        if (isCrowded) await paused(pauseMs * (0.5 + Math.random() / 2), signal);
        if (!isCrowded || signal.aborted)
          throw new Error(`status ${response.status}: ${new TextDecoder().decode(body.slice(0, 500))}`);
      }
    } catch (cause) {
      throw unavailable(cause);
    }
  };
  // No limit on calls at once: calls that wait in line during an outage would be refused late.
  const concurrency = Number.POSITIVE_INFINITY;
  return createClient({ url, ...(token === undefined ? {} : { authToken: token }), fetch: timed, concurrency });
}

/** The call's result, unless it takes longer: then BoxcarError `catalog_unavailable` (503). */
async function beforeEnd<T>(leftMs: number, call: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable(new Error(`no answer within ${Math.round(leftMs)} ms`))), leftMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(cause: unknown): BoxcarError {
  return new BoxcarError("catalog_unavailable", "The catalog does not answer. Try again in a few seconds.", {}, cause);
}
