/** A client that does what clients do, while others do what they should not; and what it sees. */
import { build } from "esbuild";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { root } from "../runtimes/edges.ts";

/** What the polite client saw. */
export interface Seen {
  readonly requests: number;
  /** Replies that were missing, broken or not what they should be. */
  readonly failures: readonly string[];
  /** Milliseconds. */
  readonly p99: number;
  /**
   * The longest that the server's main thread ran, milliseconds, until it had answered a request that asks nothing of it: no turn of
   * its event loop was longer.
   */
  readonly worstTurn: number;
}

/** Something that the polite client asks for, and what it has to get. */
export interface Wanted {
  readonly method: string;
  readonly path: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Start of the first recording that is uploaded; those after it begin later. Default: nothing is uploaded. */
  readonly startMs?: number;
  readonly status: number;
  /** SHA-256 of the reply, where that is known. */
  readonly sha256?: string;
}

/** What it asks for, one after another, and whom. */
export interface Asking {
  readonly url: string;
  /** The server's process. */
  readonly pid: number;
  readonly authorization: string;
  readonly wanted: readonly Wanted[];
}

/** Builds the thread of the polite client. Returns what starts one, which asks until it is told to stop. */
export async function politeClients(): Promise<(asking: Asking) => { stop(): Promise<Seen> }> {
  const built = await build({
    ...{ entryPoints: [`${root}test/siege/polite-thread.ts`], bundle: true, write: false, platform: "node" },
    ...{ format: "esm", target: "node20", logLevel: "warning" },
  });
  const code = Buffer.from(built.outputFiles[0]?.contents ?? []).toString("base64");
  return (asking) => {
    const thread = new Worker(new URL(`data:text/javascript;base64,${code}`), { workerData: asking });
    const seen = once(thread, "message") as Promise<[Seen]>;
    return {
      stop: async () => {
        thread.postMessage("stop");
        return (await seen)[0];
      },
    };
  };
}
