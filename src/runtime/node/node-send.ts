import { lengthOf } from "../../base/bytes.ts";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { ServerResponse } from "node:http";
import { Patience, type LeastRate } from "../../base/least-rate.ts";
import type { Log, SendStream } from "../../base/ports.ts";
import { LentBuffers } from "../../store/file/lent-buffers.ts";
import { readsUnderWay } from "../../store/file/reads-under-way.ts";
import { clientOf, TimeSlice } from "./time-slice.ts";

/** Chunks smaller than this are gathered before they are written: a write costs more than copying so little. */
const gatherBelow = 64 * 1024;
const gatherSize = 256 * 1024;
/** Gathered when as many large buffers are lent as may be; chunks of half of it and more are then written as they are. */
const gatherLittle = 32 * 1024;
const gatherLent = 16;

/** How long one turn of the event loop may spend on bodies, milliseconds. */
const SLICE_MS = 0.25;
/** Chunks that are sent in one turn at most: small ones. */
const CHUNKS = 8;

/** So much of each body is sent without turns: whoever asks for little waits for the turn of its request alone. */
const AT_ONCE = 256 * 1024;

/** A body, and what is known of it: its head is not kept. */
interface Body {
  readonly chunks: AsyncIterator<Uint8Array>;
  readonly length: string | null;
  readonly requestId: string | null;
}

/** Why a body was not sent to its end. */
type Broken = "left" | "slow";

/**
 * Sends bodies straight to Node's response: what is handed out by the body is written as it is and flushed before the
 * next chunk is asked for, so memory stays at one chunk a connection.
 * @param rate how slowly a client may take a body; one that is slower is cut off
 */
export function nodeSendStream(log: Log, rate: LeastRate): SendStream {
  const slice = new TimeSlice(SLICE_MS, CHUNKS, readsUnderWay);
  const buffers = new LentBuffers(gatherSize, gatherLent);
  const send = async ({ incoming, outgoing }: HttpBindings, { chunks, length, requestId }: Body): Promise<void> => {
    let client: string | undefined;
    const turn = (): Promise<void> | undefined => slice.take(() => (client ??= clientOf(incoming)));
    try {
      const outlet = new Outlet(outgoing, new Patience(rate));
      const gathered = new Gathered(buffers);
      let sent: number | Broken;
      try {
        // Without a length it is followed as it is made: nothing of it is held back.
        sent = await writeAll(outlet, length === null ? undefined : gathered, chunks, turn);
      } finally {
        gathered.giveBack();
      }
      if (sent === "slow") {
        outgoing.destroy();
        log("info", "download cut off", { requestId, reason: "its client was too slow" });
      }
      if (typeof sent === "string") return;
      if (length !== null && sent !== Number(length))
        throw new Error(`the body has ${String(sent)} of ${length} bytes`);
      outgoing.end();
    } catch (error) {
      // A clean end would pass a broken body off as a whole one.
      outgoing.destroy();
      const message = error instanceof Error ? error.message : String(error);
      log("error", "download broken off", { requestId, error: message });
    }
  };
  return (env, status, headers, body) => {
    const { outgoing } = env as HttpBindings;
    const chunks = body[Symbol.asyncIterator]();
    // Told at once, also while the next chunk is on its way from a store that is slow.
    outgoing.once("close", () => void chunks.return?.().catch(() => undefined));
    outgoing.writeHead(status, Object.fromEntries(headers));
    void send(env as HttpBindings, {
      chunks,
      length: headers.get("content-length"),
      requestId: headers.get("x-request-id"),
    });
    return RESPONSE_ALREADY_SENT;
  };
}

/** Number of bytes written, or why it is not all of them. @param turn asked for after each write */
async function writeAll(
  outlet: Outlet,
  gathered: Gathered | undefined,
  chunks: AsyncIterator<Uint8Array>,
  turn: () => Promise<void> | undefined,
): Promise<number | Broken> {
  let sent = 0;
  try {
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) {
      const chunk = step.value;
      if (outlet.closed) return "left";
      const first = sent === 0;
      sent += chunk.length;
      // The first chunk goes out at once: the client waits for it.
      // Costs nobody a turn: a table comes in a hundred pieces of some bytes, and what is gathered is bounded.
      if (!first && chunk.length < gatherBelow && gathered?.add(chunk) === true) continue;
      const broken = await outlet.write(...taken(gathered), chunk);
      if (broken !== undefined) return broken;
      if (sent > AT_ONCE) await turn();
    }
    if (outlet.closed) return "left";
    return (await outlet.write(...taken(gathered))) ?? sent;
  } finally {
    await chunks.return?.();
  }
}

function taken(gathered: Gathered | undefined): Uint8Array[] {
  return gathered === undefined ? [] : [gathered.take()];
}

/** Writes to a response and waits until its bytes are gone. */
class Outlet {
  readonly #outgoing: ServerResponse;
  readonly #patience: Patience;
  #settle: ((written: boolean) => void) | undefined;

  constructor(outgoing: ServerResponse, patience: Patience) {
    this.#outgoing = outgoing;
    this.#patience = patience;
    outgoing.on("close", () => this.#settle?.(false));
  }

  get closed(): boolean {
    return this.#outgoing.destroyed;
  }

  /** Resolves when the system has taken all bytes, in one call where it can, or says why it has not. */
  async write(...chunks: readonly Uint8Array[]): Promise<Broken | undefined> {
    const outgoing = this.#outgoing;
    if (outgoing.destroyed) return "left";
    const filled = chunks.filter(({ length }) => length > 0);
    const length = lengthOf(filled);
    const last = filled.pop();
    if (last === undefined) return undefined;
    const written = new Promise<boolean>((resolve) => {
      this.#settle = resolve;
      outgoing.cork();
      for (const chunk of filled) outgoing.write(chunk);
      outgoing.write(last, (error) => {
        resolve(error === null || error === undefined);
      });
      outgoing.uncork();
    });
    const taken = await this.#patience.wait(written, () => length);
    if (taken === undefined) return "slow";
    return taken ? undefined : "left";
  }
}

/** Small chunks, copied together until there are enough of them. */
class Gathered {
  readonly #buffers: LentBuffers;
  #bytes: Uint8Array | undefined;
  #isLent = false;
  #length = 0;

  /** @param buffers whose buffers are taken as long as there are some */
  constructor(buffers: LentBuffers) {
    this.#buffers = buffers;
  }

  /** False when the chunk does not fit any more, or is better written as it is. */
  add(chunk: Uint8Array): boolean {
    this.#bytes ??= this.#room(chunk.length);
    if (this.#bytes === undefined || this.#length + chunk.length > this.#bytes.length) return false;
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

  /** To be called when nothing is gathered any more. What was taken may still be on its way: its memory is not used again. */
  giveBack(): void {
    if (this.#isLent) this.#buffers.drop();
    this.#isLent = false;
    this.#bytes = undefined;
  }

  /** Room for the chunks to come, when the first is of a length that is worth it. */
  #room(first: number): Uint8Array | undefined {
    const lent = this.#buffers.take();
    this.#isLent = lent !== undefined;
    return lent ?? (first < gatherLittle / 2 ? new Uint8Array(gatherLittle) : undefined);
  }
}
