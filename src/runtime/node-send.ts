import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { ServerResponse } from "node:http";
import type { Log, SendStream } from "../platform.ts";
import { TimeSlice } from "./time-slice.ts";

/** Chunks smaller than this are gathered before they are written: a write costs more than copying so little. */
const gatherBelow = 64 * 1024;
const gatherSize = 256 * 1024;

/**
 * Sends bodies straight to Node's response: what is handed out by the body is written as it is and flushed before the
 * next chunk is asked for, so memory stays at one chunk a connection.
 */
export function nodeSendStream(log: Log): SendStream {
  const slice = new TimeSlice();
  return async (env, status, headers, body) => {
    const { outgoing } = env as HttpBindings;
    outgoing.writeHead(status, Object.fromEntries(headers));
    const expected = Number(headers.get("content-length"));
    try {
      const sent = await writeAll(outgoing, body, slice);
      if (sent === undefined) return RESPONSE_ALREADY_SENT; // the client went away
      if (sent !== expected) throw new Error(`the body has ${String(sent)} of ${String(expected)} bytes`);
      outgoing.end();
    } catch (error) {
      // A clean end would pass a broken body off as a whole one.
      outgoing.destroy();
      const message = error instanceof Error ? error.message : String(error);
      log("error", "download broken off", { requestId: headers.get("x-request-id"), error: message });
    }
    return RESPONSE_ALREADY_SENT;
  };
}

/** Number of bytes written, or undefined when the client closed the connection first. */
async function writeAll(
  outgoing: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  slice: TimeSlice,
): Promise<number | undefined> {
  const outlet = new Outlet(outgoing);
  const gathered = new Gathered();
  let sent = 0;
  for await (const chunk of body) {
    if (outgoing.destroyed) return undefined;
    const first = sent === 0;
    sent += chunk.length;
    // The first chunk goes out at once: the client waits for it.
    const small = !first && chunk.length < gatherBelow && gathered.add(chunk);
    if (!small && !(await outlet.write(gathered.take(), chunk))) return undefined;
    await slice.take();
  }
  return (await outlet.write(gathered.take())) ? sent : undefined;
}

/** Writes to a response and waits until its bytes are gone. */
class Outlet {
  readonly #outgoing: ServerResponse;
  #settle: ((written: boolean) => void) | undefined;

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
    outgoing.on("close", () => this.#settle?.(false));
  }

  /** Resolves when the system has taken all bytes, in one call where it can (true), or the connection is closed (false). */
  write(...chunks: readonly Uint8Array[]): Promise<boolean> {
    const outgoing = this.#outgoing;
    if (outgoing.destroyed) return Promise.resolve(false);
    const filled = chunks.filter(({ length }) => length > 0);
    const last = filled.pop();
    if (last === undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#settle = resolve;
      outgoing.cork();
      for (const chunk of filled) outgoing.write(chunk);
      outgoing.write(last, (error) => {
        resolve(error === null || error === undefined);
      });
      outgoing.uncork();
    });
  }
}

/** Small chunks, copied together until there are enough of them. */
class Gathered {
  #bytes: Uint8Array | undefined;
  #length = 0;

  /** False when the chunk does not fit any more. */
  add(chunk: Uint8Array): boolean {
    this.#bytes ??= new Uint8Array(gatherSize);
    if (this.#length + chunk.length > gatherSize) return false;
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
    return true;
  }

  /** What was gathered; only valid until the next `add`. */
  take(): Uint8Array {
    const taken = this.#bytes?.subarray(0, this.#length) ?? new Uint8Array();
    this.#length = 0;
    return taken;
  }
}
