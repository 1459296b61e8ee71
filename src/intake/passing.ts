/** The way of a body into the store: in one pass, while somebody reads along. */
import { BoxcarError } from "../base/errors.ts";
import type { HoldMemory, ObjectInfo, Store } from "../base/ports.ts";
import type { Sent } from "./upload-size.ts";

/** A body on its way in. */
export interface PassingBody {
  readonly sent: Sent;
  /** A chunk is only used until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Bytes, where that is known. */
  readonly size?: number | undefined;
  /** Told of the memory that its metadata takes. */
  readonly hold?: HoldMemory | undefined;
}

/** Reads a body as it passes by. What it throws ends the upload. */
export interface PassingReader<Read> {
  push(chunk: Uint8Array): void;
  /** What was read of the whole body. */
  end(): Promise<Read>;
}

/**
 * Stores a body while `reader` reads along. It ends before the store keeps the object, so that nothing stays of a body that it
 * refuses.
 * @throws BoxcarError `store_failed` (503), and as the body, the store and `reader` do
 */
export async function passInto<Read>(
  store: Store,
  key: string,
  { sent, body, size }: PassingBody,
  reader: PassingReader<Read>,
): Promise<{ readonly info: ObjectInfo; readonly read: Read }> {
  let passed = 0;
  let ended: { readonly read: Read } | undefined;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      passed += chunk.length;
      reader.push(chunk);
      yield chunk;
    }
    ended = { read: await reader.end() };
  }
  const info = await store.put(key, bytes(), size);
  if (ended === undefined) throw notKept(sent, `did not read the ${sent} to its end`);
  if (info.size !== passed) throw notKept(sent, `kept ${String(info.size)} of ${String(passed)} bytes`);
  return { info, read: ended.read };
}

function notKept(sent: Sent, what: string): BoxcarError {
  return new BoxcarError("store_failed", `The store ${what}. Upload the ${sent} again.`);
}
